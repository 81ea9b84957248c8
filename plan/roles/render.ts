import { renderBundle } from "../bundle.ts";
import { hostSchema, type Host, type HostInput } from "../inventory.ts";
import type { RoleContext, RoleFacts } from "./define.ts";
import { joinBlocks } from "./part.ts";
import { roleBundle, type RoleShape } from "./shape.ts";

/** What a test of a role says about the host; the rest has defaults. */
export interface RenderOptions {
  /** The parameters, as stack, groups and host together say them. Default: none. */
  parameters?: Readonly<Record<string, unknown>>;
  /** The host. Default: `{ name: "host", address: "192.0.2.1", roles: [] }`. */
  host?: Partial<Omit<HostInput, "roles">>;
  /** The other hosts of the stack. Default: none. */
  others?: readonly HostInput[];
  /** What the host tells of itself. Default: Debian, without SELinux. */
  facts?: Partial<RoleFacts>;
  /** Settings of the stack that the role asks for. Default: none. */
  config?: Readonly<Record<string, unknown>>;
}

/** A file as a role has it. */
export interface RenderedFile {
  /** Secrets stand in it as `${NAME}`. */
  content: string;
  /** Octal, four digits. */
  mode: string;
  /** `user:group`. */
  owner: string;
}

/** What a host gets of a role. */
export interface RenderedRole {
  /** Path → file. */
  files: Readonly<Record<string, RenderedFile>>;
  /** Units that run, in their order. */
  units: readonly string[];
  /** All of it, as the host reads it; without the contents of files with secrets. */
  text: string;
}

/**
 * What a host gets of a role, for tests of roles: nothing is read and nothing is changed.
 *
 * @throws Error when the parameters are not right, or what the role itself throws.
 */
export function renderRole(role: RoleShape, options: RenderOptions = {}): RenderedRole {
  const { parameters = {}, others = [], facts = {}, config = {} } = options;
  const host = hostOf({ name: "host", address: "192.0.2.1", ...options.host, roles: [] });
  const read = role.parameters.strict().safeParse(parameters);
  if (!read.success) {
    const issues = read.error.issues.map(({ path, message }) => `${path.join(".") || "parameters"}: ${message}`);
    throw new Error(`the parameters of the role ${role.name} are not right: ${issues.join("; ")}`);
  }
  const context: RoleContext<unknown> = {
    host,
    hosts: [host, ...others.map(hostOf)],
    config: config as unknown as RoleContext<unknown>["config"],
    parameters: read.data,
    facts: { family: "debian", selinux: false, ...facts },
  };
  const content = joinBlocks(role, role.plan(context));
  const bundle = {
    name: roleBundle(role.name),
    users: [],
    packages: [],
    binaries: [],
    ...content,
    ...(role.confirm === undefined ? {} : { confirm: role.confirm }),
    directories: content.directories ?? [],
    files: content.files ?? [],
    secrets: content.secrets ?? [],
    units: content.units ?? [],
    checks: content.checks ?? [],
  };
  const secrets = bundle.secrets.map(({ path, mode, owner, source }): [string, RenderedFile] => {
    const parts = source.kind === "role" ? source.text : [];
    const shown = parts.map((part) => (typeof part === "string" ? part : `\${${part.secret}}`)).join("");
    return [path, { content: shown, mode, owner }];
  });
  return {
    files: Object.fromEntries([
      ...bundle.files.map(({ path, mode, owner, content: text }): [string, RenderedFile] => [
        path,
        { content: text, mode, owner },
      ]),
      ...secrets,
    ]),
    units: bundle.units,
    text: renderBundle(bundle, 1, (item) => ({
      sha256: "sha256" in item ? (item.sha256 ?? "") : "",
      url: "source" in item ? item.source : item.name,
    })),
  };
}

function hostOf(input: HostInput): Host {
  const read = hostSchema.safeParse(input);
  if (read.success) return read.data;
  throw new Error(`the host ${input.name} is not right: ${read.error.issues.map(({ message }) => message).join("; ")}`);
}
