// Keeps the page as the server tells it: each message has the sections that have changed, as trees of plain data. They become elements
// here, and texts in them texts: nothing that a host says is ever read as HTML.
import { h, render } from "./preact.js";

function nodeOf(tree) {
  if (typeof tree === "string") return tree;
  const [name, attributes, ...inside] = tree;
  // By its key an element stays the same one where others come and go: it keeps the focus, and whether it is open.
  const key = attributes.id ?? attributes["data-host"];
  return h(name, key === undefined ? attributes : { ...attributes, key }, ...inside.map(nodeOf));
}

const connection = document.getElementById("connection");
const drawn = new Set();

function draw(id, tree) {
  const place = document.querySelector(`[data-section="${CSS.escape(id)}"]`);
  if (place === null) return;
  // What the first answer had is the server's: from now on it is drawn here.
  if (!drawn.has(id)) place.replaceChildren();
  drawn.add(id);
  render(tree === null ? null : nodeOf(tree), place);
}

function say(text, isLost) {
  connection.textContent = text;
  connection.classList.toggle("lost", isLost);
}

const source = new EventSource("events");

source.addEventListener("message", (event) => {
  const sections = JSON.parse(event.data);
  for (const [id, tree] of Object.entries(sections)) draw(id, tree);
  document.dispatchEvent(new Event("plinth:drawn"));
});

source.addEventListener("open", () => {
  say("live", false);
});

source.addEventListener("error", () => {
  say("The connection is lost: is ./plinth dashboard still running? What is shown may be old.", true);
});
