import { registryHost } from "../texts.ts";
import { changed, left, taken, type Outcome } from "./outcome.ts";
import { isTrue, listOf, mapOf, textOf, textsOf } from "./readings.ts";
import type { Value } from "./values.ts";

/** Registries of images, in the forms that tools have had for them. */

const known = ["pull", "resolve", "push", "referrers"];

type Registries = Record<string, { mirrors: unknown[] }>;

function outcome(registries: Registries, lost: readonly string[]): Outcome {
  const good = Object.entries(registries).filter(([name]) => registryHost.safeParse(name).success);
  const bad = [...lost, ...Object.keys(registries).filter((name) => !good.some(([other]) => other === name))];
  if (good.length === 0)
    return bad.length === 0
      ? taken("nothing: there are none")
      : left(`is no registry as images name it: ${bad.join(", ")}`);
  const config = { registries: Object.fromEntries(good) };
  return bad.length === 0
    ? taken("plinth:registries", config)
    : changed("plinth:registries", `left out: ${bad.join(", ")}`, config);
}

/** `[{ prefix, mirrors: [{ host, capabilities, skip_verify, header }] }]`, as Kubespray has it. */
export function mirrorsOutcome(value: Value): Outcome {
  const lost: string[] = [];
  const registries: Registries = {};
  for (const entry of listOf(value).map(mapOf)) {
    const prefix = textOf(entry["prefix"]) ?? "";
    const mirrors = listOf(entry["mirrors"])
      .map(mapOf)
      .map((mirror) => {
        const capabilities = textsOf(mirror["capabilities"]).filter((one) => known.includes(one));
        if (mirror["header"] !== undefined)
          lost.push(`headers of the mirrors of ${prefix}, which may be logins (plinth:registryCredentials)`);
        return {
          url: textOf(mirror["host"]) ?? "",
          ...(capabilities.length === 0 ? {} : { capabilities }),
          ...(isTrue(mirror["skip_verify"]) ? { skipVerify: true } : {}),
        };
      });
    registries[prefix] = { mirrors };
  }
  return outcome(registries, lost);
}

/** `{ registry: URL or list }`, as Kubespray had it before; a list of URLs is for Docker Hub. */
export function registryMapOutcome(value: Value): Outcome {
  if (!Array.isArray(value) && typeof value !== "string")
    return outcome(
      Object.fromEntries(Object.entries(mapOf(value)).map(([name, urls]) => [name, { mirrors: textsOf(urls) }])),
      [],
    );
  const mirrors = textsOf(value);
  return mirrors.length === 0 ? taken("nothing: there are none") : outcome({ "docker.io": { mirrors } }, []);
}

/** Registries whose certificates are not verified, or that speak http: URLs, or names for https. */
export function insecureOutcome(value: Value): Outcome {
  const urls = textsOf(value).map((text) => (text.includes("://") ? text : `https://${text}`));
  const named = urls.filter((url) => URL.canParse(url));
  const registries = Object.fromEntries(
    named.map((url) => {
      const { host, protocol } = new URL(url);
      const mirror = { url: `${protocol}//${host}`, ...(protocol === "https:" ? { skipVerify: true } : {}) };
      return [host, { mirrors: [mirror] }];
    }),
  );
  return outcome(
    registries,
    urls.filter((url) => !named.includes(url)),
  );
}
