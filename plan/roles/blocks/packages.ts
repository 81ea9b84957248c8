import { z } from "zod";
import { oneLine } from "../../texts.ts";
import { BlockError, type Block } from "../block.ts";
import { checked } from "./words.ts";

const packageName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9.+_-]*$/, "must be the name of a package of Debian, such as chrony");
const packageVersion = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9.+:~_-]*$/, "must be a version as the distribution writes it, such as 4.3-2+deb12u1");

/**
 * A package of the distribution, by the name that Debian has for it; where others call it otherwise, `facts.family` tells. A daemon that comes
 * with it does not start before the role's files are there.
 *
 * @param options `version`: the one that is right, also where it is older; of rpm with its release. Default: any.
 *
 * Drift: it is not installed, or has another version. Removal: it goes when we have installed it and nothing else needs it; its configuration
 * files stay, and so does another version where one was there before.
 */
export function packageInstalled(name: string, { version }: { version?: string } = {}): Block {
  const key = checked(packageName, name, "the package");
  const only = version === undefined ? {} : { version: checked(packageVersion, version, `the version of ${name}`) };
  return { resources: [{ kind: "package", key, ...only }] };
}

/**
 * A package of the distribution that others who upgrade the host leave as it is: `apt-mark hold`, the version lock of dnf or the lock of zypper.
 *
 * @param options as of `packageInstalled`.
 *
 * Drift: as of `packageInstalled`, or it is not held. Removal: the same, and it is upgraded with others again.
 */
export function packageHeld(name: string, options: { version?: string } = {}): Block {
  const { resources = [] } = packageInstalled(name, options);
  return { resources: [...resources, { kind: "hold", key: checked(packageName, name, "the package") }] };
}

const sourceName = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, "must be of a-z 0-9 -");
const word = z.string().regex(/^[!-~]+$/, "must be a word without blanks");
const address = word.regex(/^(https?|file):\/\//, "must be an address of http, https or file");
const noLogin = (value: string, what: string): string => {
  if (/:\/\/[^/]*@/.test(value))
    throw new BlockError(`${what} must have no login in its address, which anybody may read`);
  return checked(address, value, what);
};

export interface AptRepository {
  /** Where it is. */
  uris: string | readonly [string, ...string[]];
  /** Such as `bookworm`; one that ends with `/` is a path, and has no components. */
  suites: string | readonly [string, ...string[]];
  /** Such as `main`. Default: none. */
  components?: string | readonly string[];
  /** The key that signs it, in the form that begins with `-----BEGIN PGP PUBLIC KEY BLOCK-----`. */
  key: string;
  /** Default: those of the host. */
  architectures?: readonly string[];
}

/**
 * A repository of packages for Debian and Ubuntu, signed by a key of its own, as a file of `/etc/apt/sources.list.d`. It is there before the
 * role's packages are installed, and its list is read.
 *
 * Drift: another content, or no such file. Removal: what was there before comes back; packages of it stay.
 */
export function aptRepository(name: string, settings: AptRepository): Block {
  const what = `the repository ${name}`;
  const key = settings.key.trim().split(/\r?\n/);
  if (key[0] !== "-----BEGIN PGP PUBLIC KEY BLOCK-----" || key.at(-1) !== "-----END PGP PUBLIC KEY BLOCK-----")
    throw new BlockError(`the key of ${what} must be the text from BEGIN PGP PUBLIC KEY BLOCK to END`);
  const words = (values: string | readonly string[]): string =>
    [values]
      .flat()
      .map((one) => checked(word, one, what))
      .join(" ");
  const components = [settings.components ?? []].flat();
  const lines = [
    "Types: deb",
    `URIs: ${[settings.uris]
      .flat()
      .map((one) => noLogin(one, what))
      .join(" ")}`,
    `Suites: ${words(settings.suites)}`,
    ...(components.length === 0 ? [] : [`Components: ${words(components)}`]),
    ...(settings.architectures === undefined ? [] : [`Architectures: ${words(settings.architectures)}`]),
    "Signed-By:",
    // A line without text is one with a dot (deb822).
    ...key.map((line) => ` ${line === "" ? "." : checked(oneLine, line, `the key of ${what}`)}`),
  ];
  return repository(`/etc/apt/sources.list.d/${checked(sourceName, name, what)}.sources`, lines);
}

export interface RpmRepository {
  /** Where it is; dnf and zypper put in `$releasever` and `$basearch`. */
  baseurl: string;
  /** Where the key that signs it is: an address, or `file://` and a path. */
  gpgkey: string;
}

/**
 * A repository of packages for systems with dnf or zypper. It is there before the role's packages are installed.
 *
 * Drift: another content, or no such file. Removal: what was there before comes back; packages of it stay.
 *
 * @param family of the host: `facts.family`.
 */
export function rpmRepository(name: string, family: string, { baseurl, gpgkey }: RpmRepository): Block {
  const what = `the repository ${name}`;
  const id = checked(sourceName, name, what);
  const lines = [
    `[${id}]`,
    `name=${id}`,
    `baseurl=${noLogin(baseurl, what)}`,
    "enabled=1",
    "gpgcheck=1",
    `gpgkey=${noLogin(gpgkey, what)}`,
  ];
  return repository(`${family === "suse" ? "/etc/zypp/repos.d" : "/etc/yum.repos.d"}/${id}.repo`, lines);
}

const repository = (key: string, lines: readonly string[]): Block => ({
  resources: [{ kind: "source", key, text: lines.join("\n") }],
});
