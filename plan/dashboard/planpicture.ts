import type { PlannedItem } from "../runs/event.ts";
import type { RunStep } from "../runs/progress.ts";

export type StepState = "planned" | "running" | "done" | "failed";

/** One change in a cell of the picture. */
export interface PictureItem {
  op: string;
  what: string;
  effects: readonly string[];
  state: StepState;
}

/** What happens in one wave to the hosts of a row. */
export interface Cell {
  /** Index of the wave, from 0. */
  column: number;
  items: readonly PictureItem[];
  /** How many changes there are besides `items`. */
  more: number;
}

/** Hosts to which the same is done at the same time. */
export interface Row {
  /** Empty for the cluster as a whole. */
  hosts: readonly string[];
  cells: readonly Cell[];
}

/** A plan as a table: who changes when. Time goes to the right, by waves, so that a roll is a staircase. */
export interface PlanPicture {
  /** Number of changes in each wave that is shown. */
  columns: readonly number[];
  rows: readonly Row[];
  hiddenColumns: number;
  /** Hosts of rows that are not shown. */
  hiddenHosts: number;
  /** All changes. */
  changes: number;
}

/** More than that nobody sees at once. */
const most = { columns: 120, rows: 80, items: 4 };

const nowhere = "";

function keyOf({ what, host }: { what: string; host?: string }): string {
  return `${what}\n${host ?? nowhere}`;
}

/** How far each change is that a run has begun with. */
function statesOf(steps: readonly RunStep[]): Map<string, StepState> {
  const states = new Map<string, StepState>();
  for (const step of steps)
    states.set(keyOf(step), step.ended === undefined ? "running" : step.failed ? "failed" : "done");
  return states;
}

/**
 * Lays a plan out.
 *
 * @param waves in the order in which they come.
 * @param steps of the run that does it; none of a preview.
 */
export function planPicture(waves: readonly (readonly PlannedItem[])[], steps: readonly RunStep[] = []): PlanPicture {
  const states = statesOf(steps);
  const shown = waves.slice(0, most.columns);
  const byHost = new Map<string, Cell[]>();
  shown.forEach((wave, column) => {
    for (const [host, its] of Map.groupBy(wave, (item) => item.host ?? nowhere)) {
      const items = its.map((item): PictureItem => {
        const { op, what, effects } = item;
        return { op, what, effects, state: states.get(keyOf(item)) ?? "planned" };
      });
      const cell = { column, items: items.slice(0, most.items), more: Math.max(0, items.length - most.items) };
      byHost.set(host, [...(byHost.get(host) ?? []), cell]);
    }
  });
  const alike = [...Map.groupBy(byHost, ([, cells]) => JSON.stringify(cells)).values()];
  const rows = alike
    .flatMap((group): Row[] => {
      const hosts = group.map(([host]) => host).filter((host) => host !== nowhere);
      const cells = group[0]?.[1] ?? [];
      // What is of no host is a row of its own, whatever it is like.
      const cluster = hosts.length < group.length ? [{ hosts: [], cells }] : [];
      return [...cluster, ...(hosts.length > 0 ? [{ hosts, cells }] : [])];
    })
    .toSorted((a, b) => (a.cells[0]?.column ?? 0) - (b.cells[0]?.column ?? 0));
  return {
    columns: shown.map((wave) => wave.length),
    rows: rows.slice(0, most.rows),
    hiddenColumns: waves.length - shown.length,
    hiddenHosts: rows.slice(most.rows).reduce((sum, { hosts }) => sum + hosts.length, 0),
    changes: waves.reduce((sum, wave) => sum + wave.length, 0),
  };
}
