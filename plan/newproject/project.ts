import {
  compilerText,
  ignoreText,
  indexText,
  inventoryText,
  npmText,
  pulumiText,
  readmeText,
  stackText,
} from "./texts.ts";
import type { NewStack } from "./stack.ts";
import { actionLine, checkWorkflow, exampleWorkflows, projectWorkflow, withKeyPath } from "./workflows.ts";

/** A file of a new project. */
export interface ProjectFile {
  text: string;
  /** Whether it is run. Default: false. */
  executable?: true;
}

/** Texts of Plinth's own files that projects begin with. */
export interface OwnTexts {
  launcher: string;
  nodeVersion: string;
  /** A first role and the list of them, by path. */
  roles: Readonly<Record<string, string>>;
  /** `plinth.lock.json` with what the launcher needs before Plinth is installed. */
  lock: string;
  /** `examples/ci/with-key.sh`. */
  withKey: string;
  /** Workflows of `examples/ci/github`, by name. */
  workflows: Readonly<Record<string, string>>;
}

/** The first stack: answers of the operator, or the lab as Plinth has it. */
export type FirstStack = NewStack | { hostsText: string; configText: string };

/** The files of a new project, by path; its `package.json` is another matter, for there may be one already. */
export function projectFiles(name: string, stack: FirstStack, own: OwnTexts): Record<string, ProjectFile> {
  const isLab = "hostsText" in stack;
  const examples = Object.values(own.workflows);
  const actions = {
    checkout: actionLine(examples, "actions/checkout"),
    setupNode: actionLine(examples, "actions/setup-node"),
  };
  return {
    "index.ts": { text: indexText },
    [`hosts/${name}.ts`]: { text: isLab ? stack.hostsText : inventoryText(stack.hosts) },
    ...Object.fromEntries(Object.entries(own.roles).map(([path, text]) => [path, { text }])),
    "Pulumi.yaml": { text: pulumiText },
    [`Pulumi.${name}.yaml`]: { text: isLab ? stack.configText : stackText(stack.config) },
    "tsconfig.json": { text: compilerText },
    "README.md": { text: readmeText(name) },
    ".gitignore": { text: ignoreText },
    ".npmrc": { text: npmText },
    ".node-version": { text: own.nodeVersion },
    plinth: { text: own.launcher, executable: true },
    "plinth.lock.json": { text: own.lock },
    ".github/workflows/check.yaml": { text: checkWorkflow(name, actions) },
    // CI reaches no hosts of the operator's machine.
    ...(isLab ? {} : runs(name, own)),
  };
}

function runs(stack: string, { withKey, workflows }: OwnTexts): Record<string, ProjectFile> {
  const files = exampleWorkflows.map((name): [string, ProjectFile] => {
    const text = workflows[name];
    if (text === undefined) throw new Error(`examples/ci/github has no ${name}`);
    return [`.github/workflows/${name}`, { text: projectWorkflow(text, stack) }];
  });
  return { ...Object.fromEntries(files), [withKeyPath]: { text: withKey, executable: true } };
}
