import { isIPv4, isIPv6 } from "node:net";
import ipaddr from "ipaddr.js";
import type { PropertyMap, PropertyValue } from "../provider/values.ts";
import * as der from "./der.ts";

/** GeneralNames of the inputs `dnsNames`, `ipAddresses` and `uris`; undefined when there are none. */
export function encodeAlternativeNames(inputs: PropertyMap): Buffer | undefined {
  const names = [
    ...list(inputs["dnsNames"]).map((name) => der.contextPrimitive(2, ascii(name, "dnsNames"))),
    ...list(inputs["ipAddresses"]).map((address) => der.contextPrimitive(7, ipBytes(address))),
    ...list(inputs["uris"]).map((uri) => der.contextPrimitive(6, ascii(uri, "uris"))),
  ];
  return names.length === 0 ? undefined : der.sequence(...names);
}

function list(value: PropertyValue | undefined): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

function ascii(text: string, input: string): Buffer {
  if (Buffer.byteLength(text) !== text.length) {
    throw new Error(`${input}: "${text}" has characters outside of ASCII; write names in their IDNA form (xn--…).`);
  }
  return Buffer.from(text, "latin1");
}

function ipBytes(address: string): Buffer {
  if (!isIPv4(address) && !isIPv6(address)) {
    throw new Error(`ipAddresses: "${address}" is not an IP address.`);
  }
  const parsed = ipaddr.process(address); // An IPv4 address in IPv6 clothes is written as IPv4.
  return Buffer.from(parsed.toByteArray());
}
