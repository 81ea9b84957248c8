import { type SourceContext } from "./context.ts";
import { ArtifactError, reasonOf } from "./errors.ts";
import { run } from "./run.ts";

/** Short limits, so that a machine without a way to Debian's archive loses seconds. */
export const aptOptions: readonly string[] = ["-q", "-o", "Acquire::http::Timeout=10", "-o", "Acquire::Retries=1"];

/** Runs `apt-get` with `args`, first as things are, then after an `update`. Throws an ArtifactError. */
export async function apt(
  args: readonly string[],
  { signal, cwd }: { signal?: AbortSignal | undefined; cwd?: string },
): Promise<void> {
  const options = {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    signal,
    ...(cwd === undefined ? {} : { cwd }),
  };
  try {
    await run("apt-get", [...aptOptions, ...args], options);
  } catch {
    signal?.throwIfAborted();
    // The lists of packages may be missing or name versions that are gone; what is wrong otherwise fails again.
    await run("apt-get", [...aptOptions, "update"], options);
    await run("apt-get", [...aptOptions, ...args], options);
  }
}

/** Installs Debian packages and says `why` first. Throws an ArtifactError where that is not possible. */
export async function installDebian(packages: readonly string[], why: string, context: SourceContext): Promise<void> {
  const names = packages.join(" ");
  if (process.getuid?.() !== 0) throw new ArtifactError(`apt-get install ${names} needs root`);
  context.report(why);
  try {
    await apt(["install", "-y", "--no-install-recommends", ...packages], context);
  } catch (error) {
    context.signal?.throwIfAborted();
    throw new ArtifactError(`${names} could not be installed: ${reasonOf(error)}`, { cause: error });
  }
}
