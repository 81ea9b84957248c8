import { z } from "zod";
import { readLook, words } from "../look.ts";
import { etcdId } from "../told.ts";
import type { HashOf } from "./repair.ts";

/** The answer to `etcdctl endpoint hashkv -w json`. */
const answer = z
  .tuple([
    z.object({
      HashKV: z.object({
        hash: z.int().nonnegative().default(0),
        compact_revision: z.int().default(0),
        hash_revision: z.int().nonnegative().default(0),
      }),
    }),
  ])
  .transform(([{ HashKV }]) => HashKV);

const hashWords = z.tuple([etcdId, z.string().max(4096)]);

/**
 * Reads what `plinth-host etcd hashes` has printed.
 *
 * @throws Error with a sentence when it makes no sense.
 */
export function parseHashes(text: string): HashOf[] {
  const hashes: HashOf[] = [];
  readLook(text, {
    "etcd-hash": words("hashes of etcd", hashWords, ([id, json]) => {
      const { hash, compact_revision: compacted, hash_revision: revision } = answer.parse(JSON.parse(json));
      hashes.push({ id, hash, revision, compacted });
    }),
  });
  return hashes;
}
