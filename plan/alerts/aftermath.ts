import type { Alert } from "./alert.ts";
import { causes, type Inhibition } from "./causes.ts";

/** How long what follows from a fault may go on after the fault has ended, where `lags` says no more: means of 5 minutes, and services that begin. */
const usual = "5m";

/** Alerts that may go on for longer, by what their expressions look back on; a backup is tried again when its interval has passed. */
export const lags: Readonly<Record<string, string>> = {
  ApiErrors: "30m",
  BackupFailed: "1h",
  EtcdLeaderChanges: "30m",
  ServiceRestarting: "30m",
  VirtualIpFlapping: "30m",
};

const lagOf = (alert: string): string => lags[alert] ?? usual;
const times = [...new Set([usual, ...Object.values(lags)])];

/** Its name; the label `cause` is the alert that has ended, `within` how long it goes on after that. */
const name = "CauseEnded";

/** What of an inhibition may go on for a time; undefined where nothing does. */
function lagging(one: Inhibition, within: string): Inhibition | undefined {
  const { by, where, silent, only, equal } = one;
  const late = Object.keys(lags);
  const named = "allBut" in silent ? late.filter((alert) => !silent.allBut.includes(alert)) : silent;
  const left = named.filter((alert) => lagOf(alert) === within);
  const alerts = "allBut" in silent && within === usual ? { allBut: [...silent.allBut, ...late, name] } : left;
  if (Array.isArray(alerts) && alerts.length === 0) return undefined;
  return {
    by: [name],
    where: { cause: by.join("|"), within, ...where },
    silent: alerts,
    ...(only === undefined ? {} : { only }),
    ...(equal === undefined ? {} : { equal }),
  };
}

/** What stays silent for some time after its cause has ended. */
export const aftermaths: readonly Inhibition[] = times.flatMap((within) =>
  causes.flatMap((one) => lagging(one, within) ?? []),
);

/** Causes with something that may go on for a time. */
const causesWith = (within: string): string[] => [
  ...new Set(causes.flatMap((one) => (lagging(one, within) === undefined ? [] : one.by))),
];

const ended = (within: string): string =>
  `label_replace(max_over_time(ALERTS{alertname=~"${causesWith(within).join("|")}", alertstate="firing"}[${within}]), "within", "${within}", "", "")`;

/**
 * Keeps silent what follows from a fault until that has ended, too. Nobody is told of it.
 *
 * An alert could go on by itself for as long (`keep_firing_for`), but then its end would be told as late, and the end of what makes it silent
 * later still.
 */
export const causeEnded: Alert = {
  name,
  severity: "none",
  expr: `max without (alertname, alertstate, severity, scope) (label_replace(${times.map(ended).join(" or ")}, "cause", "$1", "alertname", "(.+)"))`,
  summary:
    "{{ $labels.cause }} fires, or has ended within {{ $labels.within }}: what follows from it is not told meanwhile",
};
