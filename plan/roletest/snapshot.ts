/** What a host was like: thing → how it was. Things are paths and `unit NAME`. */
export type Snapshot = ReadonlyMap<string, string>;

/**
 * Reads what scripts/roletest/snapshot.sh prints.
 *
 * @throws Error when a line is none of it.
 */
export function parseSnapshot(text: string): Snapshot {
  const lines = text.split("\n").filter((line) => line !== "");
  return new Map(
    lines.map((line): [string, string] => {
      const unit = /^unit (\S+) (.*)$/.exec(line);
      if (unit !== null) return [`unit ${unit[1] ?? ""}`, unit[2] ?? ""];
      const [, kind = "", path = "", rest = ""] = /^([dfl]) (\/.*?) ((?:[0-7]+|-) \S+:\S+ .*)$/.exec(line) ?? [];
      if (path === "")
        throw new Error(`the host tells of itself what cannot be read: ${JSON.stringify(line.slice(0, 200))}`);
      return [path, `${kind} ${rest}`];
    }),
  );
}

/** Files that name the users of a host: accounts are locked when a role goes, and stay. */
const userFiles = /^\/etc\/(passwd|shadow|group|gshadow|subuid|subgid)-?$/;

/** What a role leaves when it goes, as docs/roles.md says. */
export interface Leavings {
  /** Whether it has users or groups. */
  users: boolean;
  /** Folders whose contents it may leave. */
  folders: readonly string[];
}

/**
 * What is otherwise than before, each as a sentence.
 *
 * @param leavings what a role may leave.
 */
export function leftBehind(before: Snapshot, after: Snapshot, { users, folders }: Leavings): string[] {
  const expected = (thing: string): boolean =>
    (users && userFiles.test(thing)) || folders.some((folder) => thing === folder || thing.startsWith(`${folder}/`));
  const things = [...new Set([...before.keys(), ...after.keys()])].sort();
  return things
    .filter((thing) => before.get(thing) !== after.get(thing) && !expected(thing))
    .map((thing) => {
      const [was, is] = [before.get(thing), after.get(thing)];
      if (was === undefined) return `${thing} was not there before`;
      if (is === undefined) return `${thing} is gone`;
      return `${thing} was ${was}, and is ${is}`;
    });
}
