import { contains, isIPv4, specialNetworks } from "../../plan/addresses.ts";
import { isMachine } from "../../plan/inventory.ts";
import { mayBreakNetwork } from "../../plan/networkcheck/when.ts";
import type { NetworkReport } from "../network/check.ts";
import { networkLines } from "../network/render.ts";
import { testNetwork } from "../network/stack.ts";
import type { LoadedStack } from "../project/inventory.ts";
import type { EngineContext } from "../pulumi/context.ts";
import { isChange, type FinishedStep } from "../pulumi/events.ts";
import type { Terminal } from "../render/terminal.ts";
import { parseUrn } from "../render/urn.ts";

/** What came of the test after a run. */
export interface NetworkAfterUp {
  works: boolean;
  /** Undefined where nothing could be tested. */
  report: NetworkReport | undefined;
  /** Why, where it could not be tested. */
  error: string | undefined;
}

/** Whether a run has to be followed by a test of the network. */
export function isTestDue(steps: readonly FinishedStep[], input: Pick<LoadedStack, "hosts" | "config">): boolean {
  const { hosts, config } = input;
  // A fleet that is simulated has no data path, nor have machines without a cluster.
  if (hosts.every(isMachine) || !config.networkCheck.afterUp || hosts.every(({ address }) => isSimulated(address)))
    return false;
  const changed = steps.filter(({ op, failed }) => isChange(op) && !failed);
  return mayBreakNetwork(changed.map(({ urn }) => ({ types: parseUrn(urn)?.types ?? [] })));
}

const loopback = specialNetworks.find(({ use }) => use === "loopback");

/** Whether a host is one of a simulated fleet. */
export function isSimulated(address: string): boolean {
  return loopback !== undefined && isIPv4(address) && contains(loopback, address);
}

/**
 * Tests the network after a run that may have broken it. That it could not be tested is a result, too: what the run has done stays.
 *
 * @param test tests pass their own.
 * @returns undefined when there is nothing to test: with a network of one's own, before that is there.
 * @throws the signal's reason once the run was interrupted.
 */
export async function testAfterUp(
  context: EngineContext,
  input: LoadedStack,
  terminal: Pick<Terminal, "note">,
  signal: AbortSignal,
  test: typeof testNetwork = testNetwork,
): Promise<NetworkAfterUp | undefined> {
  try {
    const report = await test(context, input, terminal, signal);
    if (report === undefined) {
      terminal.note(
        "The network was not tested: no Node is ready yet. Test it once there is one: ./plinth check network",
      );
      return undefined;
    }
    return { works: report.findings.length === 0, report, error: undefined };
  } catch (error) {
    signal.throwIfAborted();
    return { works: false, report: undefined, error: error instanceof Error ? error.message : String(error) };
  }
}

/** What is said about it at the end of a run. */
export function afterUpLines({ works, report, error }: NetworkAfterUp, terminal: Pick<Terminal, "paint">): string[] {
  const failure = "Everything was brought to its desired state, but the network ";
  if (report === undefined) return [terminal.paint("red", `${failure}could not be tested: ${error ?? "unknown"}`)];
  if (works) return networkLines({ ...report, hosts: {} }, terminal);
  return [terminal.paint("red", `${failure}does not work.`), ...networkLines(report, terminal)];
}

/** The same as a sentence for each problem, for whoever is told of the run. */
export function networkProblems(network: NetworkAfterUp | undefined): string[] {
  if (network === undefined || network.works) return [];
  const { report, error } = network;
  if (report === undefined) return [`the network could not be tested: ${error ?? "unknown"}`];
  return report.findings.map(({ message }) => `the network does not work: ${message}`);
}
