import { type SourceContext } from "./context.ts";
import { installDebian } from "./debian.ts";
import { ArtifactError, reasonOf } from "./errors.ts";
import { run } from "./run.ts";
import { type NativeNeeds } from "./table.ts";

/**
 * Makes sure of compilers and libraries: installs the Debian packages, as root, where something is missing. Throws an
 * ArtifactError that says what to install.
 */
export async function ensureNative(needs: NativeNeeds, label: string, context: SourceContext): Promise<void> {
  const before = await missing(needs);
  if (before.length === 0) return;
  const packages = needs.packages.join(" ");
  const hint = `Install the Debian packages ${packages}, or what your distribution calls them`;
  try {
    await installDebian(needs.packages, `${label}: apt-get install ${packages}, to build it with`, context);
  } catch (error) {
    context.signal?.throwIfAborted();
    throw new ArtifactError(`${before.join(", ")} is missing to build it: ${reasonOf(error)}. ${hint}`, {
      cause: error,
    });
  }
  const after = await missing(needs);
  if (after.length > 0) throw new ArtifactError(`${after.join(", ")} is missing to build it. ${hint}`);
}

async function missing({ commands, libraries }: NativeNeeds): Promise<string[]> {
  const checks: [string, string, string[]][] = [
    ...commands.map((command): [string, string, string[]] => [command, command, ["--version"]]),
    ...libraries.map((library): [string, string, string[]] => [library, "pkg-config", ["--exists", library]]),
  ];
  const found = await Promise.all(checks.map(([, command, args]) => works(command, args)));
  return checks.filter((_, i) => found[i] !== true).map(([name]) => name);
}

async function works(command: string, args: readonly string[]): Promise<boolean> {
  try {
    await run(command, args);
    return true;
  } catch {
    // Not there, or it says that there is no such library: missing either way.
    return false;
  }
}
