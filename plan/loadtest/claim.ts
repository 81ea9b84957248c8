import { z } from "zod";
import { printable } from "../printable.ts";

/** Label of the namespace of a load test, with the test's id. Nothing else has it: what is left of a killed test is found by it. */
export const idLabel = "loadtests.plinth/id";
const annotation = (name: string) => `loadtests.plinth/${name}`;

/** Seconds between two renewals of the claim of a test that runs, and after which one that was not renewed is nobody's. */
export const renewSeconds = 10;
export const staleSeconds = 60;

/** A process, told apart from all others of all machines; see cli/process/self.ts. */
export interface ProcessName {
  /** The machine since its boot, and what its processes are numbered in. */
  machine: string;
  pid: number;
  /** When it started, in its machine's own measure. */
  started: string;
}

/** Who runs a test. Times are milliseconds since the epoch, by the API server's clock. */
export interface Claim {
  /** For people: user and machine. */
  owner: string;
  /** Undefined where the system does not tell processes apart so well. */
  process?: ProcessName;
  /** When whoever runs it was last known to live. */
  renewed: number;
  /** When it has ended, whatever comes. */
  deadline: number;
}

export function claimAnnotations({ owner, process, renewed, deadline }: Claim): Record<string, string> {
  return {
    [annotation("owner")]: owner,
    ...(process === undefined
      ? {}
      : { [annotation("process")]: `${process.machine} ${process.pid} ${process.started}` }),
    [annotation("deadline")]: new Date(deadline).toISOString(),
    ...renewal(renewed),
  };
}

/** What is written anew while a test runs. */
export function renewal(at: number): Record<string, string> {
  return { [annotation("renewed")]: new Date(at).toISOString() };
}

const moment = z.iso.datetime().transform((text) => Date.parse(text));

const processWords = z
  .string()
  .regex(/^[0-9a-f]{16} \d{1,10} \d{1,20}$/)
  .transform((text): ProcessName => {
    const [machine = "", pid = "", started = ""] = text.split(" ");
    return { machine, pid: Number(pid), started };
  });

const claimFields = z.object({
  owner: z.string().transform((text) => printable(text, 100)),
  process: processWords.optional(),
  renewed: moment,
  deadline: moment,
});

function claimOf(annotations: Readonly<Record<string, string>>): Claim | undefined {
  const fields = Object.keys(claimFields.shape).map((name) => [name, annotations[annotation(name)]]);
  const { data } = claimFields.safeParse(Object.fromEntries(fields));
  if (data === undefined) return undefined;
  const { process, ...claim } = data;
  return process === undefined ? claim : { ...claim, process };
}

const namespace = z.object({
  metadata: z.object({
    name: z.string().regex(/^plinth-loadtest-[a-z0-9]{1,32}$/),
    creationTimestamp: moment,
    deletionTimestamp: z.string().optional(),
    annotations: z.record(z.string(), z.string()).default({}),
  }),
});

const list = z.object({ items: z.array(z.unknown()) });

/** A load test that is in the cluster. */
export interface FoundTest {
  namespace: string;
  /** For people. */
  owner: string;
  /** Why nobody needs it any more, a clause; undefined: it runs. */
  left?: string;
  /** It is being deleted. */
  going: boolean;
}

/** Seconds for which a namespace is let be that says nothing of who runs it. */
const unclaimedSeconds = 3600;

/**
 * The load tests of a list of namespaces with {@link idLabel}.
 *
 * @param now milliseconds since the epoch, by the API server's clock.
 * @param lives whether a process lives; undefined where that cannot be told from here.
 * @returns none where the list makes no sense: what has another form is nothing of ours.
 */
export function testsIn(
  answer: unknown,
  now: number,
  lives: (process: ProcessName) => boolean | undefined,
): FoundTest[] {
  const items = list.safeParse(answer).data?.items ?? [];
  const own = items.flatMap((item) => namespace.safeParse(item).data ?? []);
  return own.map(({ metadata }) => {
    const claim = claimOf(metadata.annotations);
    const left = claim === undefined ? leftUnclaimed(metadata.creationTimestamp, now) : leftWhy(claim, now, lives);
    return {
      namespace: metadata.name,
      owner: claim?.owner ?? "nobody that is known",
      ...(left === undefined ? {} : { left }),
      going: metadata.deletionTimestamp !== undefined,
    };
  });
}

function leftUnclaimed(made: number, now: number): string | undefined {
  return now - made > unclaimedSeconds * 1000 ? "it does not say who runs it" : undefined;
}

function leftWhy(
  { process, renewed, deadline }: Claim,
  now: number,
  lives: (process: ProcessName) => boolean | undefined,
): string | undefined {
  if (now > deadline) return "its time is over";
  const alive = process === undefined ? undefined : lives(process);
  if (alive === false) return "its process has died";
  // A process that is seen to live may have been without the API for as long.
  if (alive === undefined && now - renewed > staleSeconds * 1000) {
    return `nobody has said for ${Math.round((now - renewed) / 1000)} s that it runs`;
  }
  return undefined;
}
