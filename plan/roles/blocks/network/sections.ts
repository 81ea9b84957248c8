/** Files of sections with a title in brackets and lines `KEY=VALUE`, as systemd-networkd, NetworkManager and systemd have them. */

export type Sections = readonly (readonly [title: string, lines: readonly (string | undefined)[]])[];

/** The text, without the end of its last line. Lines that are undefined are left out. */
export function written(sections: Sections): string {
  return sections
    .map(([title, lines]) => [`[${title}]`, ...lines.filter((line) => line !== undefined)].join("\n"))
    .join("\n\n");
}

export const line = (key: string, value: string | number | undefined): string | undefined =>
  value === undefined ? undefined : `${key}=${value}`;
