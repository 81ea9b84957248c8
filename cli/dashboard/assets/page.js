// What every page does by itself, live or in a file: find hosts, go from one to the next, tell ages. It asks nobody for anything.

const tiles = () => [...document.querySelectorAll(".tile")].filter((tile) => !tile.hidden);

/** One tile can be reached by Tab, and the others from there by arrow keys: there may be hundreds. */
function rove(current) {
  for (const tile of document.querySelectorAll(".tile")) tile.tabIndex = tile === current ? 0 : -1;
}

function roveAnew() {
  const shown = tiles();
  rove(shown.find((tile) => tile.tabIndex === 0 && tile.hasAttribute("tabindex")) ?? shown[0]);
}

/** The tile of the line above or below that is nearest. */
function across(shown, from, direction) {
  const { left, top } = from.getBoundingClientRect();
  let best;
  for (const tile of shown) {
    const box = tile.getBoundingClientRect();
    const lines = (box.top - top) * direction;
    if (lines <= 1) continue;
    const distance = lines * 1000 + Math.abs(box.left - left);
    if (best === undefined || distance < best.distance) best = { tile, distance };
  }
  return best?.tile;
}

function neighbour(from, key) {
  const shown = tiles();
  const at = shown.indexOf(from);
  if (key === "ArrowRight") return shown[at + 1];
  if (key === "ArrowLeft") return shown[at - 1];
  if (key === "Home") return shown[0];
  if (key === "End") return shown.at(-1);
  if (key === "ArrowDown") return across(shown, from, 1);
  if (key === "ArrowUp") return across(shown, from, -1);
  return undefined;
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const { target, key } = event;
  if (key === "/" && !(target instanceof HTMLInputElement)) {
    document.getElementById("filter")?.focus();
    event.preventDefault();
    return;
  }
  if (!(target instanceof HTMLElement) || !target.classList.contains("tile")) return;
  const next = neighbour(target, key);
  if (next === undefined) return;
  rove(next);
  next.focus();
  event.preventDefault();
});

/** Shows the hosts that have all of the words that are looked for. */
function filterHosts() {
  const input = document.getElementById("filter");
  const words = (input instanceof HTMLInputElement ? input.value : "").toLowerCase().split(/\s+/).filter(Boolean);
  const texts = new Map();
  for (const tile of document.querySelectorAll(".tile")) {
    const text = tile.title.toLowerCase();
    const hidden = !words.every((word) => text.includes(word));
    texts.set(tile.dataset.host, hidden);
    tile.hidden = hidden;
  }
  for (const host of document.querySelectorAll("details.host")) host.hidden = texts.get(host.dataset.host) === true;
  roveAnew();
}

document.addEventListener("input", (event) => {
  if (event.target instanceof HTMLElement && event.target.id === "filter") filterHosts();
});

/** Opens what a link leads to. */
function openTarget() {
  const place = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!(place instanceof HTMLDetailsElement)) return;
  place.open = true;
  place.scrollIntoView({ block: "nearest" });
  place.querySelector("summary")?.focus({ preventScroll: true });
}

window.addEventListener("hashchange", openTarget);

function ageOf(milliseconds) {
  const seconds = Math.round(milliseconds / 1000);
  if (Math.abs(seconds) < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (Math.abs(minutes) < 120) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return Math.abs(hours) < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`;
}

/** Ages stand beside the times of the page: those stay as they are, so that whoever draws it finds them again. */
function tellAges() {
  const now = Date.now();
  for (const time of document.querySelectorAll("time[datetime]")) {
    const at = Date.parse(time.dateTime);
    const age = now >= at ? `${ageOf(now - at)} ago` : `in ${ageOf(at - now)}`;
    if (time.dataset.age !== age) time.dataset.age = age;
  }
}

/** After the page was drawn anew. */
function drawnAnew() {
  filterHosts();
  tellAges();
}

drawnAnew();
openTarget();
setInterval(tellAges, 1000);
document.addEventListener("plinth:drawn", drawnAnew);
document.addEventListener("plinth:drawn", openTarget, { once: true });
