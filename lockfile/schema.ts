import { z } from "zod";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "is no SHA-256: 64 lower-case hexadecimal digits are expected");
/** A module's sum as go.sum has it. */
const moduleSum = z.string().regex(/^h1:[A-Za-z0-9+/]{43}=$/, "is no module sum: h1: and base64 are expected");

const build = z.strictObject({
  /** SHA-256 of `go.mod` and `go.sum`, see `artifacts/modulesums.ts`. */
  modules: sha256,
  /** The tool chain that made `sha256`: `1.26.8`. */
  go: z.string(),
  /** Left out where two machines do not make the same: what has parts in C. */
  sha256: sha256.optional(),
});

const download = z.strictObject({
  url: z.url(),
  /** Of the file at `url`, where that is an archive. */
  file: sha256.optional(),
  /** Of the executable. */
  sha256,
});

const entry = z.strictObject({
  build: build.optional(),
  download: download.optional(),
  /** What all operators of this site use: a build with parts in C, or one by another tool chain. */
  site: sha256.optional(),
});

const goToolchain = z.strictObject({
  /** Platform → sum of the module `golang.org/toolchain`. */
  modules: z.record(z.string(), moduleSum),
  /** Platform → digest of the programs, see `artifacts/toolchain.ts`: it holds wherever the tool chain comes from. */
  programs: z.record(z.string(), sha256),
});

/** `plinth.lock.json`: what every byte that is fetched or built for this project has to be. */
export const lockSchema = z.strictObject({
  format: z.literal(1),
  /** `node-<platform>-<version>`: SHA-256 of `bin/node`; `npm-<version>`: of npm's package. The launcher reads it. */
  node: z.record(z.string(), sha256),
  /** Version of Go → its tool chain. */
  go: z.record(z.string(), goToolchain),
  /** `<name>/<version>/<platform>` → digests. */
  artifacts: z.record(z.string(), entry),
  /** Archive of an image, by name → SHA-256: what a mirror may serve. */
  images: z.record(z.string(), sha256),
});

export type Lock = z.infer<typeof lockSchema>;
export type LockEntry = z.infer<typeof entry>;

/** A lock that pins nothing. */
export const emptyLock: Lock = { format: 1, node: {}, go: {}, artifacts: {}, images: {} };
