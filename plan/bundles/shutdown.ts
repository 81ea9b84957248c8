import type { BundleFile } from "../bundle.ts";
import { isNode } from "../inventory.ts";
import { isObject } from "../merge.ts";
import { paths } from "../names.ts";
import { unitScript } from "../scripts.ts";
import { kubeletConfiguration } from "./kubelet.ts";
import type { BundlePart, Placement } from "./part.ts";
import { scriptFile } from "./scriptfiles.ts";
import { renderUnit, unitFile } from "./systemd.ts";

const shutdownUnit = "plinth-shutdown.service";
const script = `${paths.scripts}/shutdown-delay`;
/** Of several files logind follows the last in the order of their names: `unattended-upgrades-logind-maxdelay.conf` has 30 s. */
const delayFile = "/etc/systemd/logind.conf.d/zzz-plinth.conf";

const secondsOfUnit: Readonly<Record<string, number>> = {
  h: 3600,
  m: 60,
  s: 1,
  ms: 1e-3,
  us: 1e-6,
  µs: 1e-6,
  ns: 1e-9,
};

/** Seconds of a duration as Go writes it, e.g. `1m30s`; 0 where it is none. */
export function secondsOf(duration: unknown): number {
  const text = typeof duration === "string" ? duration : "";
  if (!/^(\d+(\.\d+)?(h|ms|m|s|us|µs|ns))+$/.test(text)) return 0;
  return [...text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s|us|µs|ns)/g)].reduce(
    (sum, [, number, unit = "s"]) => sum + Number(number) * (secondsOfUnit[unit] ?? 0),
    0,
  );
}

/**
 * For how long a shutdown has to wait for the kubelet, whole seconds, 0 for not at all: `shutdownGracePeriod`, or all of
 * `shutdownGracePeriodByPodPriority` (pkg/kubelet/nodeshutdown, periodRequested).
 */
export function shutdownSeconds(configuration: Readonly<Record<string, unknown>>): number {
  const byPriority = configuration["shutdownGracePeriodByPodPriority"];
  const periods = Array.isArray(byPriority) ? (byPriority as unknown[]) : [];
  const all = periods.reduce<number>(
    (sum, period) => sum + (isObject(period) ? Number(period["shutdownGracePeriodSeconds"] ?? 0) : 0),
    0,
  );
  return Math.ceil(secondsOf(configuration["shutdownGracePeriod"]) || (Number.isFinite(all) ? all : 0));
}

const service = renderUnit({
  unit: {
    Description: "A shutdown waits for pods: starting this makes logind read for how long",
    After: "systemd-logind.service",
    Before: "kubelet.service",
  },
  service: { Type: "oneshot", RemainAfterExit: "yes", ExecStart: script, TimeoutStartSec: "30" },
});

function files(seconds: number): BundleFile[] {
  const content = `[Login]\n# The kubelet ends pods meanwhile, see its shutdownGracePeriod.\nInhibitDelayMaxSec=${seconds}\n`;
  return [
    { path: delayFile, mode: "0644", owner: "root:root", restart: [shutdownUnit], content },
    unitFile(shutdownUnit, service, "0644"),
  ];
}

const secondsAt = (placement: Placement): number => shutdownSeconds(kubeletConfiguration(placement));

/** That a host that is shut down waits until the kubelet has ended its pods, whatever else is configured for logind. */
export const shutdown: BundlePart = {
  name: "shutdown",
  appliesTo: (host, config) => isNode(host) && secondsAt({ host, hosts: [host], config }) > 0,
  plan: (placement) => {
    const seconds = secondsAt(placement);
    return {
      downloads: [scriptFile(script, unitScript("shutdown-delay"), { restart: [shutdownUnit] })],
      files: files(seconds),
      units: [shutdownUnit],
      checks: [
        {
          name: "command",
          deadline: 30,
          unit: shutdownUnit,
          args: { words: [script, "--check", String(seconds)] },
        },
      ],
    };
  },
};
