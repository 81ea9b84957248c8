import type { EtcdSeen, NodeSeen, StatusDocument } from "../../../plan/dashboard/document.ts";
import type { Page } from "../../../plan/dashboard/page.ts";
import { el, table, when, type Element, type Inside } from "./tree.ts";
import { counted, list, section, sign } from "./words.ts";

function good(isGood: boolean, text: string): Inside {
  return [sign(isGood ? "ok" : "problem", isGood ? "healthy" : "not healthy"), ` ${text}`];
}

function etcdOf(document: StatusDocument, name: string): EtcdSeen | undefined {
  const reading = document.hosts[name];
  return reading !== undefined && "probe" in reading ? reading.probe.etcd : undefined;
}

/** Members as the first host that knows them has them. */
function memberRows(document: StatusDocument): Inside[][] {
  const lists = Object.values(document.hosts).map((reading) =>
    "probe" in reading ? (reading.probe.members ?? []) : [],
  );
  const members = lists.find((each) => each.length > 0) ?? [];
  return members.map(({ id, name, started, isLearner }) => {
    const etcd = etcdOf(document, name);
    const leads = etcd !== undefined && etcd.leaderId === etcd.memberId;
    const role = !started ? "never started" : isLearner ? "learner" : leads ? "leader" : "follower";
    const size = etcd === undefined ? "-" : `${(etcd.dbSize / 1024 ** 2).toFixed(1)} MiB`;
    const quota = etcd?.quotaShare === undefined ? "" : ` (${Math.round(etcd.quotaShare * 100)} % of its quota)`;
    return [
      name === "" ? id : name,
      good(
        etcd !== undefined && started && !isLearner && etcd.errors.length === 0,
        etcd === undefined ? "no answer" : role,
      ),
      etcd?.version ?? "-",
      `${size}${quota}`,
      etcd === undefined || etcd.errors.length === 0 ? "-" : etcd.errors.join("; "),
    ];
  });
}

function answersView({ vips, leaders, apiservers, addons = {}, network, networkError }: StatusDocument): Element {
  const rows: Inside[][] = [
    ...vips.map(({ address, holders }) => [
      `VIP ${address}`,
      good(holders.length === 1, holders.length === 0 ? "nobody has it" : holders.join(", ")),
    ]),
    ...leaders.map(({ lease, holder, message = "unknown" }) => [
      `Leader of ${lease}`,
      good(holder !== undefined, holder ?? message),
    ]),
    ...Object.entries(apiservers).map(([host, { ready, message }]) => [
      `API server of ${host}`,
      good(ready, ready ? "ready" : message),
    ]),
    ...Object.entries(addons).map(([name, { wanted, ready }]) => [
      name,
      good(ready >= wanted, `${ready} of ${wanted} ready`),
    ]),
    ...(networkError === undefined ? [] : [["Network", good(false, networkError)]]),
    ...(network === undefined ? [] : [["Network", networkView(network)]]),
  ];
  return table("What answers", ["What", "State"], rows);
}

function networkView(network: NonNullable<StatusDocument["network"]> | null): Inside {
  if (network === null) return "never tested: ./plinth check network";
  const { works, at, paths, failed } = network;
  const told = works ? `${paths} paths work` : `${failed} of ${paths} paths do not work`;
  return [good(works, `${told}, tested `), when(Date.parse(at))];
}

/** VIPs, leaders, members of etcd, API servers, add-ons. */
export function clusterSection({ document }: Page): Element | undefined {
  if (document === undefined) return undefined;
  const members = memberRows(document);
  const { apiservers, vips, leaders } = document;
  if (members.length + Object.keys(apiservers).length + vips.length + leaders.length === 0) return undefined;
  return section(
    "cluster",
    "Cluster",
    answersView(document),
    members.length > 0 && [
      el("h3", {}, "Members of etcd"),
      table("Members of etcd", ["Member", "State", "Version", "Database", "Errors"], members),
    ],
  );
}

function nodeRow({ name, ready, complaints, version, roles, schedulable, leaving }: NodeSeen): Inside[] {
  const word = ready === undefined ? "not heard of" : ready ? "ready" : "not ready";
  return [
    name,
    good(ready === true && complaints.length === 0, word),
    version === "" ? "-" : version,
    roles.join(", ") || "-",
    leaving ? "no, leaving" : schedulable ? "yes" : "no, cordoned",
    complaints.join("; ") || "-",
  ];
}

/** The Nodes, as the API tells them: those that something is said about, and the others folded. */
export function nodesSection({ document }: Page): Element | undefined {
  if (document === undefined) return undefined;
  const { nodes, nodesError } = document;
  if (nodesError !== undefined)
    return section("nodes", "Nodes", el("p", { class: "problems" }, `No list: ${nodesError}`));
  const all = Object.values(nodes ?? {});
  if (all.length === 0) return undefined;
  const notable = all.filter(({ ready, complaints, schedulable, leaving }) => {
    return ready !== true || complaints.length > 0 || !schedulable || leaving;
  });
  const others = all.filter((node) => !notable.includes(node));
  const head = ["Node", "State", "Version", "Roles", "Takes pods", "Complaints"];
  return section(
    "nodes",
    "Nodes",
    el("p", {}, `${all.filter(({ ready }) => ready === true).length} of ${counted(all.length, "Node")} ready.`),
    notable.length > 0 && table("Nodes to look at", head, notable.map(nodeRow)),
    others.length > 0 &&
      el(
        "details",
        { open: notable.length === 0 && others.length <= 20 },
        el("summary", {}, `${counted(others.length, "Node")} as they should be`),
        table("Other Nodes", head, others.map(nodeRow)),
      ),
  );
}

/** Targets of backups, and the last restore drill. */
export function backupsSection({ document }: Page): Element | undefined {
  if (document?.backups === undefined) return undefined;
  const rows = document.backups.map(({ target, kind, newest, failures }): Inside[] => [
    target,
    kind,
    [
      sign(
        newest === undefined || failures.length > 0 ? "problem" : "ok",
        failures.length > 0 ? "failed since" : "newest set",
      ),
      " ",
      newest === undefined ? "none" : when(newest.at * 1000),
    ],
    list(failures.map(({ host, reason }) => `${host}: ${reason}`)) ?? "-",
  ]);
  return section(
    "backups",
    "Backups",
    table("Backups", ["Target", "Half", "Newest set", "Failures since"], rows),
    drillView(document),
  );
}

function drillView({ drill }: StatusDocument): Inside {
  if (drill === undefined) return undefined;
  if (drill === null) return el("p", {}, "Members know of no restore drill: ./plinth drill restore.");
  const { at, result, reason } = drill;
  const why = reason === undefined ? "" : `: ${reason}`;
  return el(
    "p",
    {},
    sign(result === "ok" ? "ok" : "problem", result),
    ` Last restore drill: ${result}${why}, `,
    when(Date.parse(at)),
  );
}
