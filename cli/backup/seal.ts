import { Readable } from "node:stream";
import { CliError } from "../errors.ts";
import { Exit } from "../exit.ts";
import { mostHeader, upTo } from "./limits.ts";

/** What only the holders of some keys can open, by the format of age (age-encryption.org/v1). */

/**
 * Seals a stream to recipients. Nothing of it is held longer than it takes to pass it on.
 *
 * @param recipients public keys `age1…`.
 */
export async function seal(clear: Readable, recipients: readonly string[]): Promise<Readable> {
  if (recipients.length === 0) throw new Error("a set is sealed to one key at least, or nobody could open it");
  const { Encrypter } = await import("age-encryption");
  const encrypter = new Encrypter();
  for (const recipient of recipients) {
    try {
      encrypter.addRecipient(recipient);
    } catch {
      throw new CliError(`${recipient} is not a public key of age: expected one such as age1…`, Exit.badInput);
    }
  }
  return nodeStream(await encrypter.encrypt(webStream(clear)));
}

/**
 * Opens what was sealed. Bytes that it gives are genuine as far as they go; one that was cut off fails at its end, so whoever reads
 * uses nothing before he has all of it.
 *
 * @param sealed is destroyed where it does not open.
 * @param identities private keys `AGE-SECRET-KEY-1…`.
 * @param most bytes of what is sealed.
 * @throws CliError when none of the keys opens it, or it is damaged or too long; of the latter the stream may tell later.
 */
export async function open(sealed: Readable, identities: readonly string[], most: number): Promise<Readable> {
  const { Decrypter } = await import("age-encryption");
  const decrypter = new Decrypter();
  for (const identity of identities) decrypter.addIdentity(identity);
  try {
    return nodeStream(await decrypter.decrypt(webStream(bounded(sealed, most))), damaged);
  } catch (error) {
    // Nobody reads the rest, and whoever gives it would wait for that.
    sealed.destroy();
    throw /no identity matched/.test(String(error)) ? notForUs() : damaged(error);
  }
}

/** All of a stream. */
export async function bytesOf(stream: Readable): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

/** A sealed stream whose header comes to an end, and which does so itself. */
function bounded(sealed: Readable, most: number): Readable {
  const tooLong = (): CliError =>
    new CliError(`The set is longer than the ${most} bytes that it may have: take another one.`);
  return Readable.from(withHeader(upTo(sealed, most, tooLong)));
}

/** age's library keeps all of a header until it ends: the first line that begins with three dashes. */
async function* withHeader(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let head: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of stream) {
    if (head === undefined) {
      yield chunk;
      continue;
    }
    head = Buffer.concat([head, chunk]);
    const last = head.indexOf("\n---");
    if (last === -1 || head.indexOf("\n", last + 1) === -1) {
      if (head.length > mostHeader) throw damaged(new Error("its header does not end"));
      continue;
    }
    yield head;
    head = undefined;
  }
  if (head !== undefined && head.length > 0) yield head;
}

function notForUs(): CliError {
  return new CliError(
    "None of the keys at hand opens the set: name the file with the private key of one of its recipients by PLINTH_BACKUP_IDENTITY.",
  );
}

function damaged(cause: unknown): CliError {
  // Whoever gave the bytes knows better why there are no more.
  if (cause instanceof CliError) return cause;
  return new CliError("The set is damaged, or was not sealed by age: take another one.", undefined, { cause });
}

/** The two kinds of streams differ in their types alone. */
function webStream(stream: Readable): globalThis.ReadableStream<Uint8Array> {
  return Readable.toWeb(stream) as globalThis.ReadableStream<Uint8Array>;
}

function nodeStream(
  stream: globalThis.ReadableStream<Uint8Array>,
  describe: (error: unknown) => unknown = (error) => error,
): Readable {
  return Readable.from(
    (async function* () {
      try {
        yield* stream;
      } catch (error) {
        throw describe(error);
      }
    })(),
  );
}
