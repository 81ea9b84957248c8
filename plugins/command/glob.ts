/**
 * A glob as a test: `*` and `?` stay within one path segment, `**` does not, `[a-z]`, `[!a]` and `{a,b}` as usual,
 * `\` takes the next character as it is.
 */
export function matcher(glob: string): (path: string) => boolean {
  const pattern = new RegExp(`^${translate(glob)}$`, "s");
  return (path) => pattern.test(path);
}

function translate(glob: string): string {
  let result = "";
  let depth = 0;
  for (let index = 0; index < glob.length; index++) {
    const character = glob.charAt(index);
    if (character === "*") {
      const deep = glob.charAt(index + 1) === "*";
      result += deep ? ".*" : "[^/]*";
      index += deep ? 1 : 0;
    } else if (character === "?") {
      result += "[^/]";
    } else if (character === "[") {
      const end = glob.indexOf("]", index + 2);
      if (end < 0) throw new Error(`The glob "${glob}" has a "[" without "]".`);
      result += `[${glob
        .slice(index + 1, end)
        .replace(/^!/, "^")
        .replaceAll("\\", "\\\\")}]`;
      index = end;
    } else if (character === "{") {
      depth++;
      result += "(?:";
    } else if (character === "}" && depth > 0) {
      depth--;
      result += ")";
    } else if (character === "," && depth > 0) {
      result += "|";
    } else {
      const literal = character === "\\" ? glob.charAt(++index) : character;
      result += literal.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
    }
  }
  if (depth > 0) throw new Error(`The glob "${glob}" has a "{" without "}".`);
  return result;
}
