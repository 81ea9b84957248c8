import { z } from "zod";
import { unitKinds } from "../../names.ts";
import { loginName } from "../../texts.ts";
import { BlockError } from "../block.ts";

/** Units to restart or reload: one, or several. */
export type Units = string | readonly string[];

const unitName = new RegExp(`^[A-Za-z0-9@._:-]+\\.(${unitKinds.join("|")})$`);

/** A schema of a block's argument, told in the block's own words. */
export function checked<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new BlockError(`${what} ${JSON.stringify(value)} ${parsed.error.issues[0]?.message ?? "is not right"}`);
}

const absolutePath = z
  .string()
  .regex(/^(\/[A-Za-z0-9._@:+=,~%-]+)+$/, "must be an absolute path of A-Z a-z 0-9 . _ @ : + = , ~ % - and /")
  .regex(/^(?!.*\/\.{1,2}(\/|$))/, "must have no . or .. among its names");

export const pathOf = (value: string, what = "the path"): string => checked(absolutePath, value, what);

const octal = z.string().regex(/^[0-7]{4}$/, "must be four octal digits such as 0644");
export const modeOf = (value: string): string => checked(octal, value, "the mode");

const userAndGroup = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_-]*:[A-Za-z_][A-Za-z0-9_-]*$/, "must be of the form user:group");
export const ownerOf = (value: string): string => checked(userAndGroup, value, "the owner");

const unit = z.string().regex(unitName, "must be the name of a unit with its kind, such as chrony.service");
export const unitOf = (value: string): string => checked(unit, value, "the unit");

const account = loginName.regex(
  /^[a-z_][a-z0-9_-]{0,31}$/,
  "must be of a-z 0-9 _ -, begin with a letter, and have at most 32 characters",
);
export const accountOf = (value: string, what: string): string => checked(account, value, what);

/** `restart` and `reload` of a block, as bundles have them. */
export function unitsOf(options: { restart?: Units; reload?: Units }): {
  restart?: readonly string[];
  reload?: readonly string[];
} {
  const list = (units: Units | undefined): string[] | undefined =>
    units === undefined ? undefined : [units].flat().map(unitOf);
  const restart = list(options.restart);
  const reload = list(options.reload);
  return { ...(restart === undefined ? {} : { restart }), ...(reload === undefined ? {} : { reload }) };
}

/** A command that judges the file at its word `%`, by its words. */
export function judgeOf(path: string, command: string | readonly [string, ...string[]]): [string, ...string[]] {
  const words = typeof command === "string" ? command.trim().split(/\s+/) : [...command];
  const [program = "", ...rest] = words;
  if (program === "" || !words.includes("%"))
    throw new BlockError(`validate of ${path} must be a command of which one word is %, such as visudo -cf %`);
  return [program, ...rest];
}
