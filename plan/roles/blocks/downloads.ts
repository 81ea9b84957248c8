import { z } from "zod";
import { paths } from "../../names.ts";
import { BlockError, type Block } from "../block.ts";
import { checked, modeOf, ownerOf, pathOf, unitsOf, type Units } from "./words.ts";

interface Source {
  /**
   * Where hosts fetch it, directly: an address of http or https without a login, or a path below the stack's artifact server
   * (`plinth:artifacts`). Hosts that reach neither but by a proxy need the artifact server.
   */
  from: string;
  /** SHA-256 of it in hexadecimal; what has another is thrown away. */
  sha256: string;
  /** Units that are restarted when it changes. */
  restart?: Units;
  /** Units that are reloaded when it changes. */
  reload?: Units;
}

const digest = z.string().regex(/^[0-9a-f]{64}$/, "must be 64 hexadecimal digits");
const place = z
  .string()
  .regex(
    /^(https?:\/\/[^\s@|"\\]+|[A-Za-z0-9][A-Za-z0-9._+-]*(\/[A-Za-z0-9][A-Za-z0-9._+-]*)*)$/,
    "must be an address of http or https without a login, or a path below the artifact server",
  );

/** What both have of a source. */
function fetched(
  path: string,
  { from, sha256, ...units }: Source,
): { source: string; sha256: string } & ReturnType<typeof unitsOf> {
  return {
    source: checked(place, from, `what ${path} comes from,`),
    sha256: checked(digest, sha256, `the sha256 of ${path}`),
    ...unitsOf(units),
  };
}

export interface DownloadOptions extends Source {
  /** Octal, four digits. Default: `0644`. */
  mode?: string;
  /** `user:group`. Default: `root:root`. */
  owner?: string;
}

/**
 * A file that the host fetches, known by its digest.
 *
 * Drift: other bytes, another mode or owner, or no such file. Removal: what was there before comes back.
 */
export function download(path: string, { mode = "0644", owner = "root:root", ...source }: DownloadOptions): Block {
  return { downloads: [{ path: pathOf(path), mode: modeOf(mode), owner: ownerOf(owner), ...fetched(path, source) }] };
}

export interface ArchiveOptions extends Source {
  /** How many parts of its paths are left out, from the left. Default: 0. */
  strip?: number;
}

const depth = z.int("must be a whole number").min(0, "must be at least 0").max(9, "must be at most 9");

/**
 * A directory with what is in an archive that the host fetches (tar, packed by anything that tar knows), and nothing else: what others put there
 * goes with a change of it. The archive stays beside it, as `DIRECTORY.archive`.
 *
 * Drift: the directory is missing or of another archive, or the archive is another; files in it are not looked at. Removal: it goes, with all
 * that is in it.
 */
export function archive(directory: string, { strip = 0, ...source }: ArchiveOptions): Block {
  const key = pathOf(directory, "the directory");
  if (key.split("/").length < 3)
    throw new BlockError(`the directory of an archive must lie in one of its own, found ${key}`);
  if (key === paths.software) throw new BlockError(`${key} is Plinth's own`);
  const file = `${key}.archive`;
  const { restart, reload, ...what } = fetched(directory, source);
  const hits = unitsOf({ ...(restart === undefined ? {} : { restart }), ...(reload === undefined ? {} : { reload }) });
  return {
    downloads: [{ path: file, mode: "0644", owner: "root:root", ...what }],
    resources: [
      {
        kind: "archive",
        key,
        file,
        sha256: what.sha256,
        strip: checked(depth, strip, `strip of ${directory}`),
        ...hits,
      },
    ],
  };
}
