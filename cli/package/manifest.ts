/** What of a `package.json` is read here. */
export interface Manifest {
  name: string;
  version: string;
  /** Entry points: what is imported → a file of the clone, TypeScript or not. */
  exports: Readonly<Record<string, string>>;
  /** Commands → files of the clone. */
  bin: Readonly<Record<string, string>>;
  readonly [key: string]: unknown;
}

/** Fields that only a clone has a use for. */
const ofClone = ["main", "scripts"];

/** Where the JavaScript of a module is: beside where its TypeScript was. */
export const compiled = (file: string): string => file.replace(/\.ts$/, ".js");

/**
 * The `package.json` of the package, from the clone's. In the clone entry points are TypeScript, which Node.js runs as it is; below
 * `node_modules` it does not, so the package's are JavaScript, with declarations for the compiler.
 */
export function packageManifest(clone: Manifest): Record<string, unknown> {
  const kept = Object.entries(clone).filter(([key]) => !ofClone.includes(key));
  return {
    ...Object.fromEntries(kept),
    exports: Object.fromEntries(Object.entries(clone.exports).map(([name, file]) => [name, entryPoint(file)])),
    bin: Object.fromEntries(Object.entries(clone.bin).map(([name, file]) => [name, compiled(file)])),
  };
}

function entryPoint(file: string): string | { types: string; default: string } {
  if (!file.endsWith(".ts")) return file;
  return { types: file.replace(/\.ts$/, ".d.ts"), default: compiled(file) };
}

/** Folders of the clone with modules that the package has, and with what those read. */
const folders = [
  ...[
    "artifacts",
    "bench",
    "cli",
    "components",
    "kube",
    "lab",
    "local",
    "lockfile",
    "plan",
    "plugins",
    "scripts",
    "ssh",
  ],
  ...["docs", "examples/ci", "examples/timers"],
];

/** Single files: what the package's modules and people read, and what `plinth init` puts into a project. */
const files = [
  ...["CHANGELOG.md", "LICENSE", "README.md", "SECURITY.md"],
  ...["plinth", "plinth.lock.json", ".node-version", "Pulumi.yaml", "Pulumi.lab.yaml", "hosts/lab.ts"],
  ...["roles/index.ts", "roles/motd.ts"],
];

/**
 * Whether the package has a file of the clone as it is. Modules are compiled instead.
 *
 * @param path below the clone, with `/`.
 */
export function isCopied(path: string): boolean {
  if (files.includes(path)) return true;
  return !path.endsWith(".ts") && folders.some((folder) => path.startsWith(`${folder}/`));
}
