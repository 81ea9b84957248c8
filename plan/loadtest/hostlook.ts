import { z } from "zod";
import { readLook, sentenceOf, word, words } from "../look.ts";
import * as told from "../told.ts";

/** A unit of Plinth's on a host. */
export interface UnitGlance {
  /** systemd's ActiveState. */
  active: string;
  /** How often systemd has started it again by itself. */
  restarts: number;
  /** Another one with each start; empty where it never ran. */
  invocation: string;
}

/** What one short look at a host tells during a load test. */
export interface HostGlance {
  /** Seconds since boot. */
  uptime: number;
  /** Seconds since the epoch, by the host's clock. */
  clock: number;
  /** Those of the cluster's virtual IPs that it has. */
  vips: string[];
  /** Unit → how it is. */
  units: Record<string, UnitGlance>;
  /** What HAProxy and keepalived have said since a time, in their order. */
  events: { at: number; text: string }[];
  /** The journal could not be read: nothing is known of what they said. */
  eventsError?: string;
}

const mostEvents = 200;

const invocation = z.union([z.literal("-").transform(() => ""), z.string().regex(/^[0-9a-z]{1,32}$/)]);
const unitWords = z.tuple([told.unitName, told.plainName, told.count, invocation]);
const addressWords = z.tuple([told.address, told.interfaceName]);

/**
 * Reads what a look during a load test has printed (scripts/check/loadtest.sh).
 *
 * @param vips the cluster's virtual IPs.
 * @throws Error with a sentence when it is cut off or makes no sense.
 */
export function parseGlance(text: string, vips: readonly string[]): HostGlance {
  const glance: HostGlance = { uptime: 0, clock: 0, vips: [], units: {}, events: [] };
  readLook(text, {
    uptime: word("its uptime", told.decimal, (seconds) => (glance.uptime = seconds)),
    clock: word("its clock", told.decimal, (seconds) => (glance.clock = seconds)),
    address: words("its addresses", addressWords, ([address]) => {
      if (vips.includes(address) && !glance.vips.includes(address)) glance.vips.push(address);
    }),
    unit: words("its units", unitWords, ([name, active, restarts, id]) => {
      glance.units[name] = { active, restarts, invocation: id };
    }),
    event: (rest) => {
      const [, at = "", said = ""] = /^(\d{1,12}(?:\.\d{1,9})?) (.*)$/.exec(rest) ?? [];
      if (at === "") throw new Error("the host's answer about its load balancer makes no sense");
      if (glance.events.length < mostEvents) glance.events.push({ at: Number(at), text: told.sentence.parse(said) });
    },
    "events-failed": sentenceOf((reason) => (glance.eventsError = reason)),
  });
  return glance;
}
