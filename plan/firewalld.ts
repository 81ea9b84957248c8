import { z } from "zod";
import { words, type LineReaders } from "./look.ts";
import * as told from "./told.ts";

/** A zone of firewalld, as far as it decides about Kubernetes. */
export interface FirewallZone {
  name: string;
  /** Its target is ACCEPT: everything is let through. */
  accepts: boolean;
  interfaces: readonly string[];
  /** Networks, addresses and sets. */
  sources: readonly string[];
  /** E.g. `6443/tcp` and `30000-32767/udp`. */
  ports: readonly string[];
  protocols: readonly string[];
  services: readonly string[];
}

/** What firewalld has at a host where it runs. */
export interface Firewall {
  /** The zone of interfaces that are in no other. */
  defaultZone: string;
  /** Those in use, the default one and `trusted`. */
  zones: FirewallZone[];
}

/** Ports of those of firewalld's own services that a cluster may be opened with (firewalld's config/services). */
const servicePorts: Readonly<Record<string, readonly string[]>> = {
  "etcd-client": ["2379/tcp"],
  "etcd-server": ["2380/tcp"],
  "kube-api": ["6443/tcp"],
  "kube-apiserver": ["6443/tcp"],
  kubelet: ["10250/tcp"],
  "kubelet-worker": ["10250/tcp"],
  "kube-controller-manager-secure": ["10257/tcp"],
  "kube-scheduler-secure": ["10259/tcp"],
  "kube-control-plane-secure": ["6443/tcp", "2379-2380/tcp", "10250/tcp", "10257/tcp", "10259/tcp"],
  "kube-worker": ["10250/tcp", "30000-32767/tcp"],
};

/** The zone of an interface; undefined where the host has told of none. */
export function zoneOf(
  { defaultZone, zones }: Firewall,
  networkInterface: string | undefined,
): FirewallZone | undefined {
  const own = zones.find(({ interfaces }) => networkInterface !== undefined && interfaces.includes(networkInterface));
  return own ?? zones.find(({ name }) => name === defaultZone);
}

/** Whether a zone lets a port through, `NUMBER/PROTOCOL`. */
export function opens({ accepts, ports, services }: FirewallZone, port: string): boolean {
  const [number, protocol] = port.split("/");
  const open = [
    ...ports,
    ...services.flatMap((name) => (Object.hasOwn(servicePorts, name) ? (servicePorts[name] ?? []) : [])),
  ];
  return (
    accepts ||
    open.some((range) => {
      const [numbers = "", itsProtocol] = range.split("/");
      const [first = "", last = first] = numbers.split("-");
      return itsProtocol === protocol && Number(first) <= Number(number) && Number(number) <= Number(last);
    })
  );
}

const list = told.orNothing(told.places).transform((places) => places ?? []);
const zoneWords = z
  .tuple([told.plainName, z.enum(["accept", "other"]), list, list, list, list, list])
  .transform(([name, target, interfaces, sources, ports, protocols, services]): FirewallZone => ({
    ...{ name, accepts: target === "accept", interfaces, sources, ports, protocols, services },
  }));

/** Readers of its lines in the facts. */
export function firewallReaders(facts: { firewalld?: Firewall }): LineReaders {
  const firewall = () => (facts.firewalld ??= { defaultZone: "", zones: [] });
  return {
    firewalld: words("its firewall", z.tuple([told.plainName]), ([zone]) => (firewall().defaultZone = zone)),
    "firewall-zone": words("its firewall", zoneWords, (zone) => firewall().zones.push(zone)),
  };
}
