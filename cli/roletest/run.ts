import type { Bundle } from "../../plan/bundle.ts";
import { killsAt, leavingsOf, packagesOf, tamperingOf } from "../../plan/roletest/course.ts";
import { leftBehind } from "../../plan/roletest/snapshot.ts";
import { ApplyFailed, type Report, type TestHost } from "./host.ts";

/** How a role is tried. */
export interface CourseOptions {
  /** How often a run is killed on its way to the role, and as often on its way back. */
  kills: number;
  /** Hears each step as it ends. */
  onStep: (step: string) => void;
}

/**
 * Tries a role on a host that does not have it: applied, applied again, changed by hand and healed, killed on its way, taken away.
 *
 * @returns what was not as it should be, each as a sentence.
 */
export async function tryRole(host: TestHost, bundle: Bundle, { kills, onStep }: CourseOptions): Promise<string[]> {
  const problems: string[] = [];
  const expectNone = (what: string, found: readonly string[]): void => {
    problems.push(...found.map((one) => `${what}: ${one}`));
    onStep(found.length === 0 ? what : `${what}: ${found.length} not as it should be`);
  };
  const quiet = async (what: string): Promise<void> => {
    expectNone(what, [...changesOf(await host.apply(bundle)), ...(await host.drift(bundle))]);
  };
  try {
    await host.apply(packagesOf(bundle));
    const before = await host.snapshot(bundle.units);
    const began = Date.now();
    await host.apply(bundle);
    const seconds = (Date.now() - began) / 1000;
    expectNone("is applied", await host.drift(bundle));
    await quiet("changes nothing when it is applied again");
    const { words, told } = tamperingOf(bundle);
    await host.tamper(words);
    const drift = await host.drift(bundle);
    expectNone(
      "is found when it was changed by hand",
      told
        .filter((thing) => !drift.some((line) => line.split(" ")[1] === thing))
        .map((thing) => `drift does not tell of ${thing}`),
    );
    await host.apply(bundle);
    expectNone("is healed", await host.drift(bundle));
    const back = async (what: string): Promise<void> => {
      await host.apply(packagesOf(bundle));
      expectNone(what, leftBehind(before, await host.snapshot(bundle.units), leavingsOf(bundle)));
    };
    for (const after of killsAt(seconds, kills)) {
      await killed(() => host.apply(packagesOf(bundle), after));
      await back(`leaves the host as it was, after a run that was killed ${after.toFixed(1)} s into its removal`);
      await killed(() => host.apply(bundle, after));
      await host.apply(bundle);
      await quiet(`comes after a run that was killed ${after.toFixed(1)} s into it, and then changes nothing`);
    }
    await back("leaves the host as it was when it goes");
    await host.remove(bundle);
    onStep("takes its packages with it");
  } catch (error) {
    if (!(error instanceof ApplyFailed)) throw error;
    problems.push(error.message);
  }
  return problems;
}

/** A run that may be killed: that it failed is no news. */
async function killed(run: () => Promise<unknown>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof ApplyFailed)) throw error;
  }
}

function changesOf({ changed, removed, restarted, reloaded, started }: Report): string[] {
  const told: readonly (readonly [string, readonly string[]])[] = [
    ["changes", changed],
    ["removes", removed],
    ["restarts", restarted],
    ["reloads", reloaded],
    ["starts", started],
  ];
  return told.flatMap(([verb, things]) => things.map((thing) => `it ${verb} ${thing}`));
}
