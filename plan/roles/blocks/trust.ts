import { X509Certificate } from "node:crypto";
import { z } from "zod";
import { BlockError, type Block } from "../block.ts";
import { checked, unitsOf, type Units } from "./words.ts";

const authorityName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "must be of A-Z a-z 0-9 . _ -");

/**
 * An authority that programs of the host trust, in the place and by the tool of its distribution. Needs the package `ca-certificates`.
 *
 * @param certificate of the authority, in PEM: one.
 * @param options units that are restarted because they read the list at their start.
 *
 * Drift: another certificate, or it is not among those of the host. Removal: it goes from the list.
 */
export function certificateAuthority(
  name: string,
  certificate: string,
  options: { restart?: Units; reload?: Units } = {},
): Block {
  const key = checked(authorityName, name, "the name of the authority");
  return { resources: [{ kind: "anchor", key, certificate: authorityOf(name, certificate), ...unitsOf(options) }] };
}

/** One certificate of an authority, in PEM as this program writes it. */
function authorityOf(name: string, certificate: string): string {
  const blocks = certificate.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  const [first] = blocks;
  if (first === undefined || blocks.length > 1)
    throw new BlockError(`the authority ${name} must be one certificate in PEM, found ${blocks.length}`);
  let read: X509Certificate;
  try {
    read = new X509Certificate(first);
  } catch {
    throw new BlockError(`the certificate of the authority ${name} cannot be read`);
  }
  if (!read.ca)
    throw new BlockError(`the certificate of the authority ${name} is of no authority (CA:TRUE is missing)`);
  return read.toString().trim();
}
