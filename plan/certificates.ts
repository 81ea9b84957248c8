import { X509Certificate } from "node:crypto";
import { z } from "zod";
import { words, type LineReaders } from "./look.ts";
import { printable } from "./printable.ts";
import * as told from "./told.ts";

/** A certificate, and until when it is good. */
export interface Certificate {
  subject: string;
  /** ISO 8601 */
  notBefore: string;
  notAfter: string;
  /** Whether it is an authority's. */
  isAuthority: boolean;
}

/** The first certificate in a file of a host. */
export interface CertificateFile extends Certificate {
  path: string;
}

/**
 * Reads a certificate.
 *
 * @param encoded DER or PEM.
 * @returns undefined where it is none.
 */
export function readCertificate(encoded: Buffer | string): Certificate | undefined {
  try {
    const { subject, validFromDate, validToDate, ca } = new X509Certificate(encoded);
    return {
      subject: printable(subject.replaceAll("\n", ", "), 500),
      notBefore: validFromDate.toISOString(),
      notAfter: validToDate.toISOString(),
      isAuthority: ca,
    };
  } catch {
    return undefined;
  }
}

const certificateWords = z.tuple([told.absolutePath, z.base64().max(2 ** 16)]);

/** Reads the lines about certificates. What is none is left out: the drift of its bundle tells about damaged files. */
export function certificateReaders(use: (file: CertificateFile) => void): LineReaders {
  return {
    certificate: words("its certificates", certificateWords, ([path, der]) => {
      const certificate = readCertificate(Buffer.from(der, "base64"));
      if (certificate !== undefined) use({ path, ...certificate });
    }),
  };
}

/** Whether it is good for nothing any more. */
export function hasEnded({ notAfter }: Pick<Certificate, "notAfter">, at: number): boolean {
  return Date.parse(notAfter) <= at;
}
