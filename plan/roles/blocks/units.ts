import { paths } from "../../names.ts";
import { BlockError, type Block } from "../block.ts";
import { file } from "./files.ts";
import { unitOf } from "./words.ts";

/**
 * A unit whose file somebody else brings, mostly a package: it runs, and starts at boot.
 *
 * Drift: it does not run, does not start at boot, or is masked. Removal: it runs and starts at boot as it did before.
 */
export function service(name: string): Block {
  return { units: [unitOf(name)] };
}

/**
 * A unit with this file: it runs, and starts at boot where its `[Install]` says so. A change restarts it.
 *
 * Drift: another file, it does not run, does not start at boot, or is masked. Removal: it stops, and its file goes.
 */
export function unit(name: string, content: string): Block {
  return { ...file(`${paths.units}/${unitOf(name)}`, { content, restart: name }), units: [name] };
}

/** A socket with this file, which starts the service of its name; that service's file is another block's. As `unit`. */
export function socket(name: string, content: string): Block {
  return unit(ofKind(name, "socket"), content);
}

export interface TimerOptions {
  /** When, as systemd.time(7) has it: `daily`, `*-*-* 03:00:00`. */
  onCalendar: string;
  /** The command line of what it starts, as `ExecStart=` takes it. */
  command: string;
  /** Who runs it. Default: root. */
  user?: string;
  /** What it is. Default: its name. */
  description?: string;
  /** The most by which it is late, so that hosts do not start at once: seconds. Default: 0. */
  randomDelay?: number;
}

/**
 * A command at certain times: a timer and the service that it starts, by one name without a kind. One that was missed while the host was
 * down is made up for.
 *
 * Drift: another file, or the timer does not run. Removal: both go; a command that is running ends by itself.
 */
export function timer(
  name: string,
  { onCalendar, command, user, description = name, randomDelay = 0 }: TimerOptions,
): Block {
  for (const text of [onCalendar, command, user ?? "", description])
    if (/[\n\0]/.test(text)) throw new BlockError(`the timer ${name} must have one line for each of its settings`);
  const lines = (section: string, settings: Readonly<Record<string, string | undefined>>): string[] => [
    `[${section}]`,
    ...Object.entries(settings).flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}`])),
  ];
  const started = file(`${paths.units}/${unitOf(`${name}.service`)}`, {
    content: [
      ...lines("Unit", { Description: description }),
      ...lines("Service", { Type: "oneshot", ExecStart: command, User: user }),
    ].join("\n"),
  });
  const timing = unit(
    `${name}.timer`,
    [
      ...lines("Unit", { Description: description }),
      ...lines("Timer", {
        OnCalendar: onCalendar,
        Persistent: "true",
        RandomizedDelaySec: randomDelay === 0 ? undefined : String(randomDelay),
      }),
      ...lines("Install", { WantedBy: "timers.target" }),
    ].join("\n"),
  );
  return { units: timing.units ?? [], files: [...(started.files ?? []), ...(timing.files ?? [])] };
}

/**
 * Settings over a unit that somebody else brings. A change restarts that unit, which runs from then on. Not for units of Plinth.
 *
 * @param name of the file, without `.conf`.
 *
 * Drift: another content, or no such file. Removal: what was there before comes back, and the unit runs as before.
 */
export function dropIn(of: string, name: string, content: string): Block {
  return file(`${paths.units}/${unitOf(of)}.d/${name}.conf`, { content, restart: of });
}

function ofKind(name: string, kind: string): string {
  if (!name.endsWith(`.${kind}`)) throw new BlockError(`${name} must be the name of a ${kind}, ${name}.${kind}`);
  return name;
}
