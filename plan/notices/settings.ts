import ipaddr from "ipaddr.js";
import { z } from "zod";

const flag = z.union([z.boolean(), z.enum(["true", "false"]).transform((text) => text === "true")]);

function isLoopback(host: string): boolean {
  const address = host.replace(/^\[|\]$/g, "");
  return host === "localhost" || (ipaddr.isValid(address) && ipaddr.process(address).range() === "loopback");
}

/** Who knows the address may write there, so it goes over TLS, but for a relay on the operator's own machine. */
function isWebhook(text: string): boolean {
  if (!/^[\x21-\x7e]+$/.test(text) || !URL.canParse(text)) return false;
  const { protocol, hostname, username, password, hash } = new URL(text);
  if (username !== "" || password !== "" || hash !== "") return false;
  return protocol === "https:" || (protocol === "http:" && isLoopback(hostname));
}

/** Headers that belong to the request itself. */
const ownHeaders = ["connection", "content-length", "content-type", "expect", "host", "transfer-encoding", "upgrade"];

const headerName = z
  .string()
  .regex(/^[A-Za-z0-9-]{1,100}$/, "must be the name of a header, of letters, digits and dashes")
  .refine((name) => !ownHeaders.includes(name.toLowerCase()), `must be none of ${ownHeaders.join(", ")}`);

/**
 * `plinth:notices`: who is told of runs (docs/notices.md). What the program makes of the cluster does not depend on it.
 *
 * Which notices are sent is said by flags and not by a list of words: where the address is a secret, every text of this is hidden
 * in what Plinth says.
 */
export const noticesSchema = z.strictObject({
  /** Address of the webhook, which gets one POST for each notice. Set it as a secret where who knows it may write there. */
  url: z
    .string()
    .refine(
      isWebhook,
      "must be an address with https, or with http on a loopback address of this machine, without a login and without #",
    ),
  /** `json`: the whole document, see plan/notices/notice.ts. `text`: only its field `text`, for chat systems that take nothing else. */
  format: z.enum(["json", "text"]).default("json"),
  /** Header → value, for example a token; secrets may be among them. */
  headers: z
    .record(headerName, z.string().regex(/^[\x20-\x7e]{1,4096}$/, "must be one line of plain characters"))
    .default({}),
  on: z
    .strictObject({
      /** A run that changes a stack ended well, whether or not there was something to change. */
      done: flag.default(true),
      /** A look for drift found some. */
      drift: flag.default(true),
      /** A guard refused. */
      refused: flag.default(true),
      /** A run failed, or could not begin because its input is not valid. */
      failed: flag.default(true),
    })
    .prefault({}),
});

export type NoticesSettings = z.output<typeof noticesSchema>;
