import { z } from "zod";
import { isIPv4 } from "./addresses.ts";

/** Characters that neither shells, units nor environment files take for anything else. */
const proxyUrl = z
  .string()
  .regex(
    /^https?:\/\/(([\w.~+=-]|%[0-9A-Fa-f]{2})+(:([\w.~+=-]|%[0-9A-Fa-f]{2})*)?@)?[A-Za-z0-9.-]+(:[1-9]\d{0,4})?\/?$/,
    "must be the URL of a proxy such as http://proxy.example.net:3128, with other characters of a login written as %XX",
  )
  .refine((text) => URL.canParse(text), "must be a URL such as http://proxy.example.net:3128");

const exemption = z
  .string()
  .regex(
    /^(\*?\.)?[A-Za-z0-9][\w.-]*(:\d+|\/\d{1,2})?$/,
    "must be a name, a domain such as .example.net, an address or a network such as 10.0.0.0/8",
  )
  .refine((text) => {
    const [host = "", bits] = text.replace(/:\d+$/, "").split("/");
    return bits === undefined ? !/^[\d.-]+$/.test(host) || isIPv4(host) : isIPv4(host) && Number(bits) <= 32;
  }, "must have addresses as four numbers without leading zeros, and networks with at most /32, such as 10.0.0.0/8");

/** Proxies by which containerd pulls images and packages are installed. A login in a URL is a secret. */
export const proxySchema = z
  .strictObject({
    /** For addresses by http. */
    http: proxyUrl.optional(),
    /** For addresses by https. */
    https: proxyUrl.optional(),
    /** Who is asked directly, besides what belongs to the cluster. */
    noProxy: z.array(exemption).default([]),
  })
  .refine(
    ({ http, https, noProxy }) => noProxy.length === 0 || http !== undefined || https !== undefined,
    "has a noProxy and no proxy: set http, https or both",
  );
