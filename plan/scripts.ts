import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { paths, reader } from "./names.ts";
import { shellWord } from "./shell.ts";

const directory = path.join(import.meta.dirname, "../scripts");

/**
 * A script that hosts fetch by its digest. Its text is a constant of this program: the digest is computed here and
 * travels over SSH, so that the server it comes from is not trusted with it.
 */
export interface Script {
  /** For example `plinth-host`. Names one file of the artifact server's directory `scripts/`. */
  name: string;
  content: string;
  /** Of the content, lower-case hexadecimal. */
  sha256: string;
}

/** Steps of the roster; each is a script in scripts/roster, behind what they share. */
export const rosterSteps = ["access", "drain", "register", "evacuation", "roster"] as const;
export type RosterStepName = (typeof rosterSteps)[number];

/** Scripts of the roster: its steps, and what approves the serving certificates of kubelets at any time. */
export const rosterScriptNames = [...rosterSteps, "serving"] as const;
export type RosterScriptName = (typeof rosterScriptNames)[number];

/** What scripts of the roster have in front besides what all of them share. */
const rosterParts: Partial<Record<RosterScriptName, string>> = { register: "requests", serving: "requests" };

function read(file: string): string {
  return readFileSync(path.join(directory, file), "utf8");
}

/** A script in one piece: the files below `scripts/` that `NAME.parts` lists, in that order. */
function assembled(name: string): string {
  return read(`${name}.parts`)
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map(read)
    .join("\n");
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function script(name: string, content: string): Script {
  return { name, content, sha256: digestOf(content) };
}

/** Computes something once, when it is first asked for. */
function once<T>(compute: () => T): () => T {
  let value: { is: T } | undefined;
  return () => (value ??= { is: compute() }).is;
}

/** The host script in one piece. */
export const hostScript = once(() => script("plinth-host", assembled("plinth-host")));

/** What looks at a host, for one purpose, in one piece: fed to a shell there at every look. */
export function lookScript(purpose: "facts" | "status" | "drift" | "workloads"): string {
  return assembled(purpose);
}

/** What reads files of a host in which keys are: fed to a shell there, as root, and never installed. */
export function keysScript(files: readonly string[]): string {
  return `set -- ${files.map(shellWord).join(" ")}\n${assembled("keys")}`;
}

/** What takes the services of a host away for a while: fed to a shell there, as root, and never installed. */
export function failoverScript(words: readonly string[]): string {
  return `set -- ${words.map(shellWord).join(" ")}\n${assembled("failover")}`;
}

/**
 * What looks at a host during a load test: fed to a shell there, as root, and never installed.
 *
 * @param since seconds since the epoch, by the host's clock, from which on its balancer is heard; undefined: not at all.
 */
export function loadTestScript(units: readonly string[], since?: number): string {
  const words = [since === undefined ? "-" : String(Math.floor(since)), ...units];
  return `set -- ${words.map(shellWord).join(" ")}\n${read("check/loadtest.sh")}`;
}

/** What an operator has a host do by hand: fed to a shell there, and never installed. The words are described in each script. */
export function adhocScript(name: "run" | "put" | "get", words: readonly string[]): string {
  const { state, software, scripts, kept, staging } = paths;
  const names =
    name === "put"
      ? `STATE=${state}\nRESERVED=${shellWord([state, software, scripts, kept, staging].join(" "))}\n`
      : "";
  return `set -- ${words.map(shellWord).join(" ")}\n${names}${read(`adhoc/${name}.sh`)}`;
}

/** What a test of a role has a host do: fed to a shell there as root, and never installed. Words are described in each script. */
export function roleTestScript(name: "snapshot" | "tamper"): string {
  return read(`roletest/${name}.sh`);
}

/** What a host that tells figures is told of a run of Plinth. */
export type RunMark =
  /** An `up` has brought everything to its desired state. */
  | { kind: "up" }
  /** Somebody has looked for drift. `found`: differences on this host. */
  | { kind: "drift"; found: number };

/** What writes that down on a host: fed to a shell there as root, and never installed. */
export function markScript(marks: readonly RunMark[]): string {
  const words = marks.map((mark) => (mark.kind === "drift" ? `${mark.kind}=${mark.found}` : mark.kind));
  return `set -- ${words.map(shellWord).join(" ")}\nSTATE_PATH=${paths.state}\n${read("mark/run.sh")}`;
}

/** What a host asks for a test of the data path: fed to a shell there, and never installed. */
export interface NetworkTest {
  /** Of the probe on this host; undefined where there is none. */
  probe: string | undefined;
  /** Lines of `questionLine`. */
  questions: readonly string[];
  /** Certificates by which the API's is judged. PEM. */
  authority: string;
}

/** The script of such a test. Asks for root. */
export function networkScript({ probe, questions, authority }: NetworkTest): string {
  return [
    ...[
      assembled("network-check"),
      "\n",
      printing("authority", authority),
      printing("questions", questions.join("\n")),
    ],
    `printf 'plinth-facts 1\\n'\ncheck_network ${shellWord(probe ?? "-")}\nprintf 'end\\n'\n`,
  ].join("");
}

/** What holds the lock of a run on a control-plane host, in one piece: fed to a shell there, and never installed. */
export const runLockScript = once(() => assembled("run-lock"));
/**
 * What a question about facts has in front of it: the answer comes from the host's plinth-reader where the key may ask nothing
 * else. Everywhere else it does nothing.
 *
 * @param asked words of a shell without quotes, see `factsWords`.
 */
export function readerQuestion(facts: string, asked: readonly string[] = []): string {
  return `${[reader.question, digestOf(facts), ...asked].join(" ")}; `;
}

/** plinth-reader, the forced command of such keys. */
export const readerScript = once(() => ["#!/bin/sh\n", read("reader/names.sh"), read("reader/reader.sh")].join(""));

/** What puts plinth-reader on a host with what it answers this version of Plinth, as one script for root. */
export const readerInstaller = once(() => {
  const facts = lookScript("facts");
  const workloads = lookScript("workloads");
  const digests = `DIGEST=${digestOf(facts)}\nWORKLOADS_DIGEST=${digestOf(workloads)}\n`;
  return [
    ...["#!/bin/sh\n", read("reader/names.sh"), digests],
    ...[printing("reader", readerScript()), printing("facts", facts), printing("workloads", workloads)],
    read("reader/install.sh"),
  ].join("");
});

/** A shell function that prints a text. */
function printing(name: string, text: string): string {
  const delimiter = `END_OF_${name.toUpperCase()}`;
  if (text.split("\n").includes(delimiter)) throw new Error(`the text must not hold the line ${delimiter}`);
  return `${name}() {\n  cat <<'${delimiter}'\n${text.replace(/\n$/, "")}\n${delimiter}\n}\n`;
}

/** What puts the host script on a host: part of a claim's text, so that a reviewer sees all that runs. */
export const installScript = once(() => [read("lib/direct.sh"), read("install.sh")].join("\n"));

const rosterScripts = once(
  () =>
    new Map(
      rosterScriptNames.map((name): [RosterScriptName, Script] => {
        const parts = ["common", ...(rosterParts[name] ?? "").split(" ").filter(Boolean), name];
        return [
          name,
          script(
            `roster-${name}`,
            [
              "#!/bin/sh\n",
              read("roster/names.sh"),
              read("lib/direct.sh"),
              ...parts.map((part) => read(`roster/${part}.sh`)),
            ].join(""),
          ),
        ];
      }),
    ),
);

/** A script of the roster. */
export function rosterScript(name: RosterScriptName): Script {
  const found = rosterScripts().get(name);
  if (found === undefined) throw new Error(`the roster has no script ${name}`);
  return found;
}

/** Directory of the roster's scripts on control-plane hosts. */
export const rosterScriptDirectory = `${paths.scripts}/roster`;

/** Where control-plane hosts have a script of the roster. */
export function rosterScriptPath(name: RosterScriptName): string {
  return `${rosterScriptDirectory}/${name}`;
}

/** What makes sets of backups on members of etcd, in one piece. */
export const backupUnitScript = once(() => script("backup", assembled("backup")));

/** What writes down, on every host that tells figures, what Plinth knows of it. */
export const metricsScript = once(() => script("metrics", assembled("metrics")));

/** A script of scripts/host/, which a unit of a host runs, by its name without `.sh`. */
export function unitScript(name: string): Script {
  return script(name, read(`host/${name}.sh`));
}

/** Every script that hosts may fetch. */
export const allScripts = once((): readonly Script[] => [
  hostScript(),
  ...rosterScriptNames.map(rosterScript),
  backupUnitScript(),
  metricsScript(),
  ...[
    "baseline",
    "connections",
    "end-connections",
    "end-pods",
    "load-images",
    "network-managers",
    "pod-mtu",
    "rule-sets",
    "shutdown-delay",
  ].map(unitScript),
]);

/** Path of a script below the artifact server's URL, as `SHA256SUMS` lists it. */
export function scriptSource({ name, sha256 }: Pick<Script, "name" | "sha256">): string {
  return `scripts/${name}/${sha256}`;
}

/** A script as hosts fetch it. */
export function scriptDownload(script: Script): { source: string; sha256: string } {
  return { source: scriptSource(script), sha256: script.sha256 };
}

/** The script that a path of the artifact server stands for, or undefined where it stands for something else. */
export function scriptOfSource(source: string): Pick<Script, "name" | "sha256"> | undefined {
  const [, name, sha256] = /(?:^|\/)scripts\/([a-z0-9-]+)\/([0-9a-f]{64})$/.exec(source) ?? [];
  return name === undefined || sha256 === undefined ? undefined : { name, sha256 };
}
