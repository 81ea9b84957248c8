import { stringify } from "yaml";

// Kubernetes reads YAML 1.1, where `no` and `on` are no texts: what either version takes for something else is quoted.
const options = { sortMapEntries: true, compat: "yaml-1.1" } as const;

/** A document, its keys sorted so that their order never shows up as a difference. */
export function renderYaml(document: Readonly<Record<string, unknown>>): string {
  return stringify(document, options);
}

/** A text of one line as a value, quoted where it would be read as a number, a flag or nothing at all. */
export function yamlText(text: string): string {
  return stringify(text, { ...options, lineWidth: 0 }).trimEnd();
}
