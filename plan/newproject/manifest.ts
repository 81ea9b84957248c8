/** Versions and places that a new project's `package.json` names. */
export interface Needs {
  /** Name of the project, for example that of its folder. */
  name: string;
  /** Where npm finds Plinth: a version, or `file:` and a path below the project. */
  plinth: string;
  /** Versions of Plinth's own dependencies that the project has, too: plain `pulumi` and the compiler look for them there. */
  versions: Readonly<Record<"@pulumi/pulumi" | "@types/node" | "typescript", string>>;
}

type Json = Readonly<Record<string, unknown>>;

const mapOf = (value: unknown): Json => (typeof value === "object" && value !== null ? (value as Json) : {});

/**
 * The `package.json` of a project. What `npm install` or `npm init` has left there stays, as far as it does not say what a module or the
 * program is.
 *
 * @param before what is there; undefined where there is none.
 */
export function projectManifest({ name, plinth, versions }: Needs, before: Json = {}): Record<string, unknown> {
  return {
    name: packageName(name),
    private: true,
    ...before,
    type: "module",
    main: "index.ts",
    engines: { ...mapOf(before["engines"]), node: ">=24" },
    scripts: { ...mapOf(before["scripts"]), check: "tsc --noEmit" },
    dependencies: { ...mapOf(before["dependencies"]), "@pulumi/pulumi": versions["@pulumi/pulumi"], plinth },
    devDependencies: {
      ...mapOf(before["devDependencies"]),
      "@types/node": versions["@types/node"],
      typescript: versions.typescript,
    },
  };
}

/** A name that npm takes: of a folder's, what may stand in one. One that is Plinth's would keep npm from installing Plinth. */
export function packageName(folder: string): string {
  const name = folder
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 100);
  return name === "" || name === "plinth" ? "my-cluster" : name;
}
