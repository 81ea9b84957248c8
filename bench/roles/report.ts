import { median } from "../commands.ts";
import type { MeasuredRun, RoleRow } from "./measure.ts";
import type { Tool } from "./tasks.ts";

const titles: Record<MeasuredRun, string> = {
  first: "first",
  nothing: "second, nothing changes",
  look: "second, looked for drift",
  change: "one change",
};
const order: readonly MeasuredRun[] = ["first", "nothing", "look", "change"];

/** What a cell of the table shows where there is nothing. */
const none = "-";

/** Seconds of a tool's runs that did not fail: the middle one, or undefined where there is none. */
export function secondsOf(rows: readonly RoleRow[], tool: Tool, run: MeasuredRun): number | undefined {
  const values = rows.flatMap((row) =>
    row.tool === tool && row.run === run && row.failure === undefined ? [row.seconds] : [],
  );
  return values.length === 0 ? undefined : median(values);
}

/** How many times as long one takes as another. */
export function ratio(slower: number | undefined, faster: number | undefined): string {
  if (slower === undefined || faster === undefined || faster === 0) return none;
  return `${(slower / faster).toFixed(1)}x`;
}

/** The heading and a row for each number of hosts, delay and run; of several rounds the middle values. */
export function rolesTable(rows: readonly RoleRow[]): string[][] {
  const heading = [
    ...["hosts", "delay ms", "run", "runs", "Ansible s", "pyinfra s", "Plinth s", "of it engine s"],
    ...["Ansible/Plinth", "pyinfra/Plinth", "dials/host", "execs/host", "result"],
  ];
  const places = new Map<string, RoleRow[]>();
  for (const row of rows) {
    const key = `${row.hosts} ${row.delay}`;
    places.set(key, [...(places.get(key) ?? []), row]);
  }
  return [
    heading,
    ...[...places.values()].flatMap((at) =>
      order.filter((run) => at.some((row) => row.run === run)).map((run) => cells(at, run)),
    ),
  ];
}

/** A row, of rows of one number of hosts and one delay. */
function cells(rows: readonly RoleRow[], run: MeasuredRun): string[] {
  const [{ hosts, delay } = { hosts: 0, delay: 0 }] = rows;
  const own = rows.filter((row) => row.run === run);
  // Ansible and pyinfra look at hosts in each run.
  const others = run === "look" ? "nothing" : run;
  const [ansible, pyinfra, plinth] = [
    secondsOf(rows, "ansible", others),
    secondsOf(rows, "pyinfra", others),
    secondsOf(rows, "plinth", run),
  ];
  const costs = own.flatMap(({ cost, failure }) => (cost === undefined || failure !== undefined ? [] : [cost]));
  const second = (value: number | undefined): string => (value === undefined ? none : value.toFixed(1));
  const middle = (values: readonly number[]): number | undefined => (values.length === 0 ? undefined : median(values));
  const perHost = (values: readonly number[]): string => second(middle(values.map((value) => value / hosts)));
  const failures = own.flatMap(({ tool, failure }) => (failure === undefined ? [] : [`${tool}: ${failure}`]));
  return [
    ...[String(hosts), String(delay), titles[run], String(new Set(own.map(({ round }) => round)).size)],
    ...[second(ansible), second(pyinfra), second(plinth), second(middle(costs.map((cost) => cost.engineSeconds)))],
    ...[ratio(ansible, plinth), ratio(pyinfra, plinth)],
    ...[perHost(costs.map((cost) => cost.connections)), perHost(costs.map((cost) => cost.commands))],
    failures.length === 0 ? "done" : `FAILED: ${[...new Set(failures)].join("; ")}`,
  ];
}
