/** Builds the text of a bundle, line by line, as the program would send it to a host. */

import { userInfo } from "node:os";
import { execFileSync } from "node:child_process";

/** `user:group` of whoever runs the tests: the only owner that an unprivileged user can give. */
export const me = `${userInfo().username}:${execFileSync("id", ["-gn"], { encoding: "utf8" }).trim()}`;

interface FileOptions {
  /** Units to restart when the file changes. */
  restart?: string;
  /** Units to reload when the file changes. */
  reload?: string;
  /** Octal; default 0644, for secrets 0600. */
  mode?: string;
  /** Default: the user who runs the tests. */
  owner?: string;
}

/** The `|` form of a file's content; a last newline is implied. */
function content(text: string): string[] {
  return text === ""
    ? []
    : text
        .replace(/\n$/, "")
        .split("\n")
        .map((line) => `|${line}`);
}

function options({ restart, reload }: FileOptions): string {
  return (restart === undefined ? "" : ` restart=${restart}`) + (reload === undefined ? "" : ` reload=${reload}`);
}

export class Bundle {
  readonly name: string;
  private readonly lines: string[] = [];
  private readonly secrets: string[] = [];

  constructor(name: string, generation = 1) {
    this.name = name;
    this.lines.push("plinth-bundle 1", `bundle ${name}`, `generation ${generation}`);
  }

  /** Any line, as it is. */
  line(text: string): this {
    this.lines.push(text);
    return this;
  }

  file(path: string, text: string, o: FileOptions = {}): this {
    return this.line(`file ${path} ${o.mode ?? "0644"} ${o.owner ?? me}${options(o)}`).raw(content(text));
  }

  secret(path: string, text: string, o: FileOptions = {}): this {
    this.secrets.push(`secret ${path}`, ...content(text));
    return this.line(`secret ${path} ${o.mode ?? "0600"} ${o.owner ?? me}${options(o)}`);
  }

  /** A unit and its file; the file restarts it. */
  service(name: string, text = `[Service]\nExecStart=/bin/${name}`): this {
    return this.file(`/etc/systemd/system/${name}`, text, { restart: name }).line(`unit ${name}`);
  }

  directory(path: string, flag = ""): this {
    return this.line(`directory ${path} 0750 ${me} ${flag}`.trim());
  }

  check(name: string, seconds: number, unit: string, rest = ""): this {
    return this.line(`check ${name} ${seconds} ${unit} ${rest}`.trim());
  }

  text(): string {
    const secret = this.secrets.length === 0 ? [] : ["plinth-secrets 1", ...this.secrets, "end"];
    return [...this.lines, "end", ...secret, ""].join("\n");
  }

  private raw(lines: string[]): this {
    this.lines.push(...lines);
    return this;
  }
}
