/**
 * The lines that a printed `preview --diff` adds to hosts' files and takes from them, by resource: `node on cp1` →
 * `["-|maxPods: 110", "+|maxPods: 90"]`, without what leads a command to its next line. Where the preview refers to another
 * resource's lines they are that one's.
 */
export function changedLines(preview: string): Map<string, string[]> {
  const changed = new Map<string, string[]>();
  let current: string[] = [];
  for (const line of preview.split("\n")) {
    const name = /^ {2}[~+-] \w+ (\S.*)$/.exec(line)?.[1];
    const same = /^ {6}\(the same lines as of (.+)\)$/.exec(line)?.[1];
    if (name !== undefined) {
      current = [];
      changed.set(name, current);
    } else if (same !== undefined) current.push(...(changed.get(same) ?? []));
    else if (/^ {6}[-+]\|/.test(line)) current.push(line.trim().replace(/ \\$/, ""));
  }
  return changed;
}
