import { readFileSync } from "node:fs";
import { join } from "node:path";
import { home } from "../../home.ts";
import { formatLock, readLock } from "../../lockfile/file.ts";
import { emptyLock } from "../../lockfile/schema.ts";
import type { Needs } from "../../plan/newproject/manifest.ts";
import type { FirstStack, OwnTexts } from "../../plan/newproject/project.ts";
import { exampleWorkflows } from "../../plan/newproject/workflows.ts";

const read = (path: string): string => readFileSync(join(home, path), "utf8");

/** What Plinth's own files give to a new project. */
export function ownTexts(): OwnTexts {
  const workflows = [...exampleWorkflows, "plinth-pulumi-actions.yaml"];
  return {
    launcher: read("plinth"),
    nodeVersion: read(".node-version"),
    roles: Object.fromEntries(["roles/index.ts", "roles/motd.ts"].map((path) => [path, read(path)])),
    lock: formatLock({ ...emptyLock, node: readLock().node }),
    withKey: read("examples/ci/with-key.sh"),
    workflows: Object.fromEntries(workflows.map((name) => [name, read(`examples/ci/github/${name}`)])),
  };
}

/** The stack `lab` as the clone has it. */
export function labStack(): FirstStack {
  return { hostsText: read("hosts/lab.ts"), configText: read("Pulumi.lab.yaml") };
}

/** The versions that Plinth was tested with. */
export function ownVersions(): Needs["versions"] {
  const { dependencies, devDependencies } = JSON.parse(read("package.json")) as Record<
    "dependencies" | "devDependencies",
    Readonly<Record<string, string>>
  >;
  const versionOf = (name: string): string => {
    const version = dependencies[name] ?? devDependencies[name];
    if (version === undefined) throw new Error(`package.json of Plinth names no version of ${name}`);
    return version;
  };
  return {
    "@pulumi/pulumi": versionOf("@pulumi/pulumi"),
    "@types/node": versionOf("@types/node"),
    typescript: versionOf("typescript"),
  };
}
