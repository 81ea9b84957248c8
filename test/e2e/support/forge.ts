import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { openData } from "../../../cli/backup/opendata.ts";
import { bytesOf, seal } from "../../../cli/backup/seal.ts";
import { setId, type DataSet } from "../../../plan/backup/set.ts";
import { tagsOf } from "../../support/backup.ts";
import type { Backups } from "./backups.ts";
import type { S3Store } from "./s3store.ts";
import type { Listed } from "./sets.ts";

/** A set of data that was opened. */
export interface Original {
  set: DataSet;
  snapshot: Buffer;
}

/** Sets that a member that was taken over could put on a target: it has the password and the recipients' public keys. */
export class Forger {
  readonly #store: S3Store;
  readonly #backups: Backups;
  readonly #ids: string[] = [];

  constructor(store: S3Store, backups: Backups) {
    this.#store = store;
    this.#backups = backups;
  }

  /** Opens the newest set of data that the store has. */
  async newest({ sets }: Listed): Promise<Original> {
    const found = sets.findLast(
      ({ kind, copies }) => kind === "data" && copies.some(({ place }) => place === this.#store.target.name),
    );
    const copy = found?.copies.find(({ place }) => place === this.#store.target.name);
    if (found === undefined || copy === undefined || !("kind" in found.set) || found.set.kind !== "data")
      throw new Error("the store has no set of data");
    const sealed = await this.#store.restic(this.#backups.password, ["dump", copy.snapshot, "/content.age"]);
    const stream = await openData(Readable.from([sealed]), [this.#backups.identity], found.set);
    return { set: found.set, snapshot: await bytesOf(stream) };
  }

  /** Puts a set on the store. @param spoil changes what is sealed. @returns its id. */
  async plant(
    { set, snapshot }: Original,
    changes: Partial<DataSet>,
    spoil: (sealed: Buffer) => Buffer = (sealed) => sealed,
  ): Promise<string> {
    // Older than the true ones: the newest of all stays what it is.
    const at = Date.parse(set.time) - (this.#ids.length + 1) * 1000;
    const id = setId(at, "forged");
    const time = new Date(at).toISOString().replace(/\.\d+Z$/, "Z");
    const forged: DataSet = { ...set, id, time, ...contents(snapshot), ...changes };
    const line = `${JSON.stringify(forged)}\n`;
    const packed = gzipSync(Buffer.concat([Buffer.from(line), snapshot]));
    const sealed = await bytesOf(await seal(Readable.from([packed]), [this.#backups.recipient]));
    const folder = mkdtempSync(path.join(tmpdir(), "plinth-forged-"));
    try {
      writeFileSync(path.join(folder, "set.json"), line);
      writeFileSync(path.join(folder, "content.age"), spoil(sealed));
      const args = ["backup", "--host", set.cluster, "--tag", tagsOf(forged).join(","), "set.json", "content.age"];
      await this.#store.restic(this.#backups.password, args, folder);
    } finally {
      rmSync(folder, { recursive: true });
    }
    this.#ids.push(id);
    return id;
  }

  /** Takes all of them away again. */
  async clear(): Promise<void> {
    for (const id of this.#ids.splice(0))
      await this.#store.restic(this.#backups.password, ["forget", "--tag", `id=${id}`, "--unsafe-allow-remove-all"]);
  }
}

function contents(snapshot: Buffer): Pick<DataSet, "bytes" | "sha256"> {
  return { bytes: snapshot.length, sha256: createHash("sha256").update(snapshot).digest("hex") };
}
