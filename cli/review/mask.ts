const SECRET = "[secret]";

/**
 * What never belongs into a comment, wherever it comes from. The engine marks secrets by itself and key material does not
 * travel in what is shown; this is the net below.
 */
const patterns: readonly [RegExp, string][] = [
  [/\beyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]*/g, SECRET],
  [/\bgh[pousr]_[A-Za-z0-9]{20,}/g, SECRET],
  [/\bgithub_pat_\w{20,}/g, SECRET],
  [/\bglpat-[\w-]{16,}/g, SECRET],
  [/\bpul-[0-9a-f]{32,}/g, SECRET],
  [/\bxox[abprs]-[\w-]{10,}/g, SECRET],
  [/\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/g, SECRET],
  [/\bAGE-SECRET-KEY-1[0-9A-Z]{20,}/g, SECRET],
  // A bootstrap token of Kubernetes.
  [/(?<![\w.-])(?=[a-z.]*[0-9])[a-z0-9]{6}\.[a-z0-9]{16}(?![\w.-])/g, SECRET],
  [/\b(bearer|basic)(\s+)[\w.~+/=-]{12,}/gi, `$1$2${SECRET}`],
  // The login in a URL. It begins where a word does: a long word is not gone through from each of its letters.
  [/(?<!\w)(\w+:\/\/[^\s/:@]+):[^\s/@]+@/g, `$1:${SECRET}@`],
  // `password: value`, `TOKEN=value`: no paths, no words that are settings.
  [
    /((?:password|passwd|passphrase|secret|token|api[_-]?key|private[_-]?key)["']?\s*[:=]\s*["']?)(?!\/|\[secret\]|true\b|false\b|null\b|\d+\b|[{[(<$])[^\s"',;]{6,}/gi,
    `$1${SECRET}`,
  ],
];

/** Marks of a line in a diff, or of a quoted file, in front of the content. */
const prefix = /^([-+ ]?\|?\s*)/;

/** Lines without anything that looks like a private key, a token or a password. */
export function maskLines(lines: readonly string[]): string[] {
  let inKey = false;
  return lines.map((line) => {
    const front = prefix.exec(line)?.[1] ?? "";
    const content = line.slice(front.length);
    if (/-----BEGIN [A-Z0-9 ]*PRIVATE KEY/.test(content)) {
      inKey = !/-----END /.test(content);
      return `${front}${SECRET}`;
    }
    if (inKey) {
      if (content.startsWith("-----END ")) inKey = false;
      // A diff may end before the key does.
      else if (!/^[A-Za-z0-9+/=\\n\s:,-]*$/.test(content)) inKey = false;
      if (inKey || content.startsWith("-----END ")) return `${front}${SECRET}`;
    }
    // A line of PEM whose heading is outside of what is shown.
    if (/^[A-Za-z0-9+/]{64}$/.test(content) && !/^[0-9a-f]{64}$/.test(content)) return `${front}${SECRET}`;
    return patterns.reduce((text, [pattern, by]) => text.replace(pattern, by), line);
  });
}

export function maskText(text: string): string {
  return maskLines(text.split("\n")).join("\n");
}
