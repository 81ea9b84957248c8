import { z } from "zod";
import type { Finding } from "./findings.ts";
import { localFile, registryHost, serverRegistry, webUrl, words } from "./texts.ts";

/** How servers that speak TLS are believed, and believe containerd. Files are PEM files on the operator's machine; `~` is the home directory. */
const trust = {
  /** The authority of their certificates, besides those that the host knows. */
  caFile: localFile.optional(),
  /** A certificate that containerd shows, with its key in `clientKeyFile`. */
  clientCertificateFile: localFile.optional(),
  clientKeyFile: localFile.optional(),
  /** Whether any certificate will do: who is in between can then read and change images. Default: false. */
  skipVerify: z.boolean().optional(),
};

const url = webUrl
  .refine((text) => !text.includes("@"), "must have no login in it: that belongs into plinth:registryCredentials")
  // `https://m.example.net/` is the same server as without the stroke, and no path.
  .transform((text) => text.replace(/\/+$/, ""));

const mirror = z.strictObject({
  /** `https://mirror.example.net`, or with a path, see `takesWholePath`. */
  url,
  ...trust,
  /** What it is asked for. Default: pull (blobs and manifests by digest) and resolve (tags). */
  capabilities: z
    .array(z.enum(["pull", "resolve", "push", "referrers"]))
    .nonempty("must name at least one of pull, resolve, push and referrers")
    .optional(),
  /** Whether the URL's path is all that comes before an image's name. Default: where it has a part `v2` with more behind it. */
  overridePath: z.boolean().optional(),
});

/** Where images of a registry are taken from. */
export type Mirror = z.output<typeof mirror>;

/** A registry of container images, and where its images are taken from instead. What is said of trust holds for the mirrors that say nothing. */
const registry = z.strictObject({
  /** URLs, or maps with `url` and more; tried in this order before the registry itself. */
  mirrors: z.array(z.preprocess((value) => (typeof value === "string" ? { url: value } : value), mirror)).default([]),
  ...trust,
});

export type Registry = z.output<typeof registry>;

/** The settings of `trust`. */
export type Trust = Pick<Registry, keyof typeof trust>;

/** By the name of a registry as images have it. */
export const registriesSchema = z.record(registryHost, registry);

const credentials = z.strictObject({
  username: words.regex(/^[^:]*$/, "must have no colon, which ends it in what registries are sent"),
  password: words,
});

/** By the host of a registry or of a mirror. There is none for all: a password is nobody else's. */
export const registryCredentialsSchema = z.record(serverRegistry, credentials);

export type RegistryCredentials = z.output<typeof registryCredentialsSchema>;

/**
 * Whether the path of a mirror is all that comes before an image's name. containerd puts `/v2` behind any other path, as
 * registries want it; a path such as `/v2/dockerhub` has it already.
 */
export function takesWholePath({ url, overridePath }: Pick<Mirror, "url" | "overridePath">): boolean {
  return overridePath ?? /\/v2\/./.test(new URL(url).pathname);
}

/** How a mirror is believed: by what it says itself, else by what its registry says; not at all without TLS. */
export function trustOf(mirror: Mirror, registry: Registry): Trust {
  if (!mirror.url.startsWith("https:")) return {};
  const skipVerify = mirror.skipVerify ?? (mirror.caFile === undefined ? registry.skipVerify : undefined);
  const { clientCertificateFile, clientKeyFile } = mirror.clientCertificateFile === undefined ? registry : mirror;
  return {
    // Where nothing is verified there is nobody to ask.
    ...(skipVerify === true ? { skipVerify } : { caFile: mirror.caFile ?? registry.caFile }),
    clientCertificateFile,
    clientKeyFile,
  };
}

/** A file of the operator's machine that registries need. */
export interface RegistryFile {
  /** The key of the configuration that names it, without `plinth:`. */
  key: string;
  file: string;
  part: "certificate" | "key";
}

/** Every file that registries name. */
export function registryFilesOf(registries: Readonly<Record<string, Registry>>): RegistryFile[] {
  const named = (place: string, settings: Trust): RegistryFile[] =>
    (["caFile", "clientCertificateFile", "clientKeyFile"] as const).flatMap((name) => {
      const file = settings[name];
      const part = name === "clientKeyFile" ? "key" : "certificate";
      return file === undefined ? [] : [{ key: `${place}.${name}`, file, part } as const];
    });
  return Object.entries(registries).flatMap(([host, registry]) => [
    ...named(`registries.${host}`, registry),
    ...registry.mirrors.flatMap((mirror, index) => named(`registries.${host}.mirrors.${index}`, mirror)),
  ]);
}

/** Names that people give to Docker Hub, of whose images containerd says docker.io. */
const namesOfDockerHub = ["index.docker.io", "registry-1.docker.io", "registry.docker.io", "hub.docker.com"];

/** What is wrong with registries, and with whose the credentials are. */
export function validateRegistries(
  registries: Readonly<Record<string, Registry>>,
  credentials: Readonly<Record<string, unknown>> = {},
): Finding[] {
  const finding = (message: string, remedy: string): Finding => ({
    rule: "registry",
    kind: "input",
    hosts: [],
    message,
    remedy,
  });
  const trustFindings = (place: string, settings: Trust): Finding[] => {
    const { caFile, clientCertificateFile, clientKeyFile, skipVerify } = settings;
    const halves = (clientCertificateFile === undefined) !== (clientKeyFile === undefined);
    return [
      ...(halves
        ? [finding(`plinth:${place} has a client certificate without its key, or a key alone`, "set both, or none")]
        : []),
      ...(caFile !== undefined && skipVerify === true
        ? [finding(`plinth:${place} has a caFile that skipVerify leaves unused`, "remove skipVerify")]
        : []),
    ];
  };
  const mirrorHosts = Object.values(registries).flatMap(({ mirrors }) =>
    mirrors.map(({ url }) => new URL(url).hostname),
  );
  const inVain = Object.keys(credentials)
    .filter((host) => namesOfDockerHub.includes(host) && !mirrorHosts.includes(host))
    .map((host) =>
      finding(
        `plinth:registryCredentials.${host} is for a registry that no image names`,
        "name Docker Hub docker.io, as images do",
      ),
    );
  const ofRegistries = Object.entries(registries).flatMap(([host, registry]) => {
    const place = `registries.${host}`;
    const urls = registry.mirrors.map((mirror) => mirror.url);
    const twice = new Set(urls.filter((one, index) => urls.indexOf(one) !== index));
    return [
      ...(namesOfDockerHub.includes(host)
        ? [finding(`plinth:${place} is a registry that no image names`, "name Docker Hub docker.io, as images do")]
        : []),
      ...[...twice].map((one) => finding(`plinth:${place} has the mirror ${one} more than once`, "name it once")),
      ...trustFindings(place, registry),
      ...registry.mirrors.flatMap((mirror, index) => {
        const { url: address, caFile, clientCertificateFile, clientKeyFile, skipVerify } = mirror;
        const tls = [caFile, clientCertificateFile, clientKeyFile, skipVerify].some((value) => value !== undefined);
        const unused = tls && !address.startsWith("https:");
        return [
          ...trustFindings(`${place}.mirrors.${index}`, mirror),
          ...(unused
            ? [finding(`plinth:${place}.mirrors.${index} has settings of TLS for ${address}`, "use https there")]
            : []),
        ];
      }),
    ];
  });
  return [...ofRegistries, ...inVain];
}
