import { stringify } from "yaml";

/**
 * The one writer of YAML for hosts and people. Kubernetes reads YAML 1.1, where `no` and `on` are no texts, and takes `433e40` for a
 * number as YAML 1.2 does: what either version takes for something else than a text is quoted. A structure that stands in two places,
 * as a constant of an inventory may, is written twice: in sorted order an alias could come before its anchor.
 */
const options = { compat: "yaml-1.1", aliasDuplicateObjects: false } as const;

/** A document, its keys sorted so that their order never shows up as a difference. */
export function renderYaml(document: Readonly<Record<string, unknown>>): string {
  return stringify(document, { ...options, sortMapEntries: true });
}

/** The same with keys in the order given, where people know files by that, and with every text in one line. */
export function renderYamlInOrder(document: Readonly<Record<string, unknown>>): string {
  return stringify(document, { ...options, lineWidth: 0 });
}
