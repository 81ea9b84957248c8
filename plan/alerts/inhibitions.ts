import { aftermaths } from "./aftermath.ts";
import { causes, type Inhibition } from "./causes.ts";

/** Which alerts make which silent, while they last and for some time after. */
const inhibitions: readonly Inhibition[] = [...causes, ...aftermaths];

/** An alert that fires: its labels, `alertname` among them. */
export type Firing = Readonly<Record<string, string>>;

const fits = (alert: Firing, labels: Readonly<Record<string, string>>): boolean =>
  Object.entries(labels).every(([name, pattern]) => new RegExp(`^(?:${pattern})$`).test(alert[name] ?? ""));

const nameOf = ({ alertname = "" }: Firing): string => alertname;

const isSource = ({ by, where = {} }: Inhibition, alert: Firing): boolean =>
  by.includes(nameOf(alert)) && fits(alert, where);

const isTarget = ({ silent, only = {} }: Inhibition, alert: Firing): boolean =>
  ("allBut" in silent ? !silent.allBut.includes(nameOf(alert)) : silent.includes(nameOf(alert))) && fits(alert, only);

/** Those of the alerts that somebody hears of: what Alertmanager does by the rules that are rendered here. */
export function heard(firing: readonly Firing[]): Firing[] {
  const follows = (alert: Firing): boolean =>
    inhibitions.some(
      (one) =>
        isTarget(one, alert) &&
        firing.some(
          (source) =>
            isSource(one, source) && (one.equal ?? []).every((label) => (source[label] ?? "") === (alert[label] ?? "")),
        ),
    );
  return firing.filter((alert) => !follows(alert));
}

/** An entry of Alertmanager's `inhibit_rules`. */
export interface InhibitRule {
  source_matchers: string[];
  target_matchers: string[];
  equal?: string[];
}

const matchers = (labels: Readonly<Record<string, string>>): string[] =>
  Object.entries(labels).map(([name, pattern]) => `${name}=~"${pattern}"`);

/** Alertmanager's `inhibit_rules`. */
export function inhibitRules(): InhibitRule[] {
  return inhibitions.map(({ by, where = {}, silent, only = {}, equal }) => ({
    source_matchers: [`alertname=~"${by.join("|")}"`, ...matchers(where)],
    target_matchers: [
      "allBut" in silent ? `alertname!~"${silent.allBut.join("|")}"` : `alertname=~"${silent.join("|")}"`,
      ...matchers(only),
    ],
    ...(equal === undefined ? {} : { equal: [...equal] }),
  }));
}
