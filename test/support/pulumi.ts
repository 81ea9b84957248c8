import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import * as auto from "@pulumi/pulumi/automation/index.js";

const VERSION = "3.259.0";

/** Path of the pulumi binary: $PLINTH_PULUMI, the artifact cache, PATH. Throws with what to do when there is none. */
export function pulumiBinary(): string {
  const cache = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  const platform = `${process.platform}-${process.arch === "x64" ? "amd64" : process.arch}`;
  const candidates = [
    process.env["PLINTH_PULUMI"],
    join(cache, "plinth", "artifacts", "pulumi", VERSION, platform, "pulumi"),
    ...(process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, "pulumi")),
  ];
  const found = candidates.find((path) => path !== undefined && existsSync(path));
  if (found === undefined) {
    throw new Error(`No pulumi binary. Run \`./plinth up\` once to get it, or set PLINTH_PULUMI to pulumi ${VERSION}.`);
  }
  return found;
}

/** A stack in a directory of its own: `file://` backend, passphrase secrets, no plugins but the attached ones. */
export interface TestStack {
  stack: auto.Stack;
  /** The state as it lies on disk: what somebody who can read the backend sees. */
  rawState(): Promise<string>;
  /** Removes the stack's directory. */
  close(): Promise<void>;
}

export interface TestStackOptions {
  program: auto.PulumiFn;
  /** PULUMI_DEBUG_PROVIDERS: `command:PORT,…`. */
  debugProviders: string;
  env?: Record<string, string>;
}

/** Makes a stack `proj/dev` for the real engine. The program may be replaced later by `stack.workspace.program`. */
export async function testStack(options: TestStackOptions): Promise<TestStack> {
  const folder = await mkdtemp(join(tmpdir(), "plinth-engine-"));
  const home = join(folder, "home");
  await mkdir(home);
  await writeFile(join(home, "logs"), ""); // A file where a folder would be: the engine then writes no logs, half of its time.
  const stack = await auto.LocalWorkspace.createOrSelectStack(
    { stackName: "dev", projectName: "proj", program: options.program },
    {
      workDir: folder,
      pulumiCommand: await commandIn(folder),
      projectSettings: { name: "proj", runtime: "nodejs", backend: { url: `file://${folder}` } },
      envVars: {
        PULUMI_HOME: home,
        PULUMI_CONFIG_PASSPHRASE: "test",
        PULUMI_DEBUG_PROVIDERS: options.debugProviders,
        PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
        PULUMI_SKIP_UPDATE_CHECK: "true",
        ...options.env,
      },
    },
  );
  return {
    stack,
    rawState: () => readFile(join(folder, ".pulumi", "stacks", "proj", "dev.json"), "utf8"),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

/** The Automation API looks for `bin/pulumi` under a folder; our binary may lie elsewhere under another name. */
async function commandIn(folder: string): Promise<auto.PulumiCommand> {
  await mkdir(join(folder, "bin"));
  await symlink(pulumiBinary(), join(folder, "bin", "pulumi"));
  return auto.PulumiCommand.get({ root: folder });
}
