import { registryHost } from "../texts.ts";
import { changed, counted, left, taken, type Outcome } from "./outcome.ts";
import { isTrue, listOf, mapOf, textOf, textsOf } from "./readings.ts";
import type { Value } from "./values.ts";

/** Registries of images, in the forms that tools have had for them. */

const known = ["pull", "resolve", "push", "referrers"];

interface Mirror {
  url: string;
  capabilities?: string[];
  skipVerify?: true;
}

/** Registry → mirrors, as the inventory has them. */
type Registries = Readonly<Record<string, readonly (string | Mirror)[]>>;

const isRegistry = (name: string): boolean => registryHost.safeParse(name).success;

/** A registry for a sentence. What is none is not shown: it may be a URL with a login. */
const shown = (name: string): string => (isRegistry(name) ? name : "what is no registry");

/** Where the logins of registries belong. */
const credentials = "(plinth:registryCredentials)";

/** Whether a URL, or what was meant as one, has a login in it. */
const hasLogin = (mirror: string | Mirror): boolean => (typeof mirror === "string" ? mirror : mirror.url).includes("@");

/**
 * The registries of an inventory as the stack has them. Keys and URLs may hold logins, which no file gets and no report shows: what is
 * left out is counted.
 *
 * @param lost what is left out besides.
 */
function outcome(registries: Registries, lost: readonly string[] = []): Outcome {
  const all = Object.entries(registries);
  const named = all.filter(([name]) => isRegistry(name));
  const withLogin = named.filter(([, mirrors]) => mirrors.some(hasLogin)).map(([name]) => name);
  const good = named.flatMap(([name, mirrors]) => {
    const kept = mirrors.filter((mirror) => !hasLogin(mirror));
    return kept.length === 0 && mirrors.length > 0 ? [] : [[name, { mirrors: kept }] as const];
  });
  const bad = all.length - named.length;
  const leftOut = [
    ...lost,
    ...withLogin.map((name) => `mirrors of ${name} that have a login ${credentials}`),
    ...(bad === 0 ? [] : [`${counted(bad, "entry", "entries")} without a registry as images name it`]),
  ];
  if (leftOut.length === 0 && good.length === 0) return taken("nothing: there are none");
  if (good.length === 0) return left(`has no registry that could be taken: ${leftOut.join(", ")}`);
  const config = { registries: Object.fromEntries(good) };
  return leftOut.length === 0
    ? taken("plinth:registries", config)
    : changed("plinth:registries", `left out: ${leftOut.join(", ")}`, config);
}

/** `[{ prefix, mirrors: [{ host, capabilities, skip_verify, header }] }]`, as Kubespray has it. */
export function mirrorsOutcome(value: Value): Outcome {
  const entries = listOf(value)
    .map(mapOf)
    .map((entry) => ({ prefix: textOf(entry["prefix"]) ?? "", mirrors: listOf(entry["mirrors"]).map(mapOf) }));
  const lost = entries
    .filter(({ mirrors }) => mirrors.some((mirror) => mirror["header"] !== undefined))
    .map(({ prefix }) => `headers of the mirrors of ${shown(prefix)}, which may be logins ${credentials}`);
  return outcome(Object.fromEntries(entries.map(({ prefix, mirrors }) => [prefix, mirrors.map(mirrorOf)])), lost);
}

function mirrorOf(mirror: Record<string, Value>): Mirror {
  const capabilities = textsOf(mirror["capabilities"]).filter((one) => known.includes(one));
  return {
    url: textOf(mirror["host"]) ?? "",
    ...(capabilities.length === 0 ? {} : { capabilities }),
    ...(isTrue(mirror["skip_verify"]) ? { skipVerify: true } : {}),
  };
}

/** `{ registry: URL or list }`, as Kubespray had it before; a list of URLs is for Docker Hub. */
export function registryMapOutcome(value: Value): Outcome {
  if (!Array.isArray(value) && typeof value !== "string")
    return outcome(Object.fromEntries(Object.entries(mapOf(value)).map(([name, urls]) => [name, textsOf(urls)])));
  const mirrors = textsOf(value);
  return mirrors.length === 0 ? taken("nothing: there are none") : outcome({ "docker.io": mirrors });
}

/** Registries whose certificates are not verified, or that speak http: URLs, or names for https. */
export function insecureOutcome(value: Value): Outcome {
  const texts = textsOf(value).map((text) => (text.includes("://") ? text : `https://${text}`));
  const urls = texts.filter((text) => URL.canParse(text)).map((text) => new URL(text));
  const lost = [
    ...urls
      .filter(({ username, password }) => username !== "" || password !== "")
      .map(({ host }) => `the login of ${shown(host)} ${credentials}`),
    ...(urls.length === texts.length
      ? []
      : [counted(texts.length - urls.length, "entry that is no URL", "entries that are no URLs")]),
  ];
  const mirrorOfUrl = ({ host, protocol }: URL): Mirror => ({
    url: `${protocol}//${host}`,
    ...(protocol === "https:" ? { skipVerify: true } : {}),
  });
  return outcome(Object.fromEntries(urls.map((url) => [url.host, [mirrorOfUrl(url)]])), lost);
}
