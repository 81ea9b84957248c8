import { isIP } from "node:net";
import { z } from "zod";
import { printable } from "./printable.ts";

// Words that hosts and the cluster tell. Whoever tells them may be hostile, so each kind of word has a form and a length, and
// none of them can hold a character that means something to a shell, to awk or to a terminal. Only sentences are free, and
// those are shown escaped.

const word = (form: RegExp, longest: number) => z.string().max(longest).regex(form);

/** Name of a Node, DNS-1123 subdomain (RFC 1123, as Kubernetes has it). */
export const nodeName = word(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/, 253);

/** What a host calls itself, or a member of etcd. */
export const label = word(/^[A-Za-z0-9]([\w.-]*[A-Za-z0-9])?$/, 253);

/** The first line of /etc/machine-id (machine-id(5)); `-` and `uninitialized` stand for none. */
export const machineId = word(/^([0-9a-f]{32}|-|uninitialized)$/, 32);

/** A UUID, or `-` where none can be read. */
export const bootId = word(/^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|-)$/, 36);

/** An id of etcd: 64 bits in hex. */
export const etcdId = word(/^[0-9a-f]{1,16}$/, 16);

/** A version, of a kernel or a tool or a distribution; `-` when unknown. */
export const version = word(/^[\w.:+~-]+$/, 128);

/** A name of a kind that is given by programs: an architecture, a kernel feature, a command, a bundle. */
export const plainName = word(/^[A-Za-z0-9][\w.+-]*$/, 64);

/** A unit of systemd, `-` when unknown. */
export const unitName = word(/^[\w:.@\\-]+$/, 255);

/** An absolute path without white space or characters that are not printed. */
export const absolutePath = word(/^\/[\x21-\x7e]*$/, 1024);

/** An interface of the network (at most 15 bytes in Linux). */
export const interfaceName = word(/^[\x21-\x7e]+$/, 15);

/** An IP address, with a zone where it has one. */
export const address = z
  .string()
  .max(64)
  .refine((text) => isIP(text) !== 0);

/** An address that something listens on. */
export const listening = z.union([address, z.literal("*")]);

/** A whole number without a sign. */
export const count = word(/^\d+$/, 15).transform(Number);

/** A number without a sign. */
export const decimal = word(/^\d+(\.\d+)?$/, 24).transform(Number);

/** The number of a port. */
export const port = count.refine((number) => number <= 65535);

/** An address that members of etcd or their clients are reached at: a scheme, a host and a port, and nothing else. */
export const etcdUrl = word(/^https?:\/\/[A-Za-z0-9.:[\]-]+:\d{1,5}$/, 300).refine((text) => URL.canParse(text));

/** A sentence of somebody else, cut off and escaped. */
export const sentence = z.string().transform((text) => printable(text, 500));

/** A word that is `-` where there is nothing to tell. */
export const orNothing = <Value>(schema: z.ZodType<Value, string>) =>
  z.union([z.literal("-").transform(() => undefined), schema]);

/** A list of words with commas between them, each of them a network, an address or the name of an interface. */
export const places = word(/^[A-Za-z0-9._/:-]+(,[A-Za-z0-9._/:-]+)*$/, 1100).transform((list) => list.split(","));

/** A table or a chain of the firewall. */
export const chainName = word(/^[A-Za-z_][\w./-]*$/, 128);
