import { createHash } from "node:crypto";
import { chmod, copyFile, mkdir, rename, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { sha256Of } from "../cache.ts";
import { type Platform, splitPlatform } from "../platform.ts";
import { run } from "../run.ts";
import { type ImageDefinition } from "./definitions.ts";

/** What a file system is made of, beside the definition's entries. */
export interface ImageParts {
  platform: Platform;
  /** Ingredient or artifact → file. */
  files: ReadonlyMap<string, string>;
  /** Files of this machine that go to the same paths: libraries. */
  libraries: readonly string[];
  /** The commands that busybox has. */
  commands: readonly string[];
}

/** Nothing in an archive depends on when it was made. */
const epoch = "1970-01-01T00:00:00Z";

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

const digestOf = (data: Buffer): string => createHash("sha256").update(data).digest("hex");

/**
 * Writes the image as an OCI layout in a tar, with the `manifest.json` of docker's own format beside it: containerd reads
 * the one, `docker load` the other. The same parts give the same bytes. `folder` is empty and may be filled.
 */
export async function writeArchive(
  definition: ImageDefinition,
  parts: ImageParts,
  folder: string,
  target: string,
): Promise<void> {
  const blobs = join(folder, "layout", "blobs", "sha256");
  await mkdir(blobs, { recursive: true });
  const layer = await writeLayer(definition, parts, folder, blobs);
  const config = json(imageConfig(definition, parts.platform, layer.digest));
  const descriptor = (mediaType: string, digest: string, size: number) => ({
    mediaType,
    digest: `sha256:${digest}`,
    size,
  });
  const manifest = json({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: descriptor("application/vnd.oci.image.config.v1+json", digestOf(config), config.length),
    layers: [descriptor("application/vnd.oci.image.layer.v1.tar", layer.digest, layer.size)],
  });
  const { os, arch: architecture } = splitPlatform(parts.platform);
  const index = {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: [
      {
        ...descriptor("application/vnd.oci.image.manifest.v1+json", digestOf(manifest), manifest.length),
        annotations: {
          "io.containerd.image.name": definition.reference,
          "org.opencontainers.image.ref.name": definition.reference.slice(definition.reference.lastIndexOf(":") + 1),
        },
        platform: { architecture, os },
      },
    ],
  };
  const blob = (digest: string): string => `blobs/sha256/${digest}`;
  const docker = [{ Config: blob(digestOf(config)), RepoTags: [definition.reference], Layers: [blob(layer.digest)] }];
  const layout = join(folder, "layout");
  await writeFile(join(blobs, digestOf(config)), config);
  await writeFile(join(blobs, digestOf(manifest)), manifest);
  await writeFile(join(layout, "oci-layout"), json({ imageLayoutVersion: "1.0.0" }));
  await writeFile(join(layout, "index.json"), json(index));
  await writeFile(join(layout, "manifest.json"), json(docker));
  await pack(layout, target, ["--mode=u=rwX,go=rX", "blobs", "index.json", "manifest.json", "oci-layout"]);
}

function imageConfig({ entrypoint, user, ports = [] }: ImageDefinition, platform: Platform, layer: string): unknown {
  const { os, arch: architecture } = splitPlatform(platform);
  return {
    created: epoch,
    architecture,
    os,
    config: {
      User: user,
      ...(ports.length === 0
        ? {}
        : { ExposedPorts: Object.fromEntries(ports.map((port) => [`${port.toString()}/tcp`, {}])) }),
      Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
      Entrypoint: entrypoint,
      WorkingDir: "/",
    },
    rootfs: { type: "layers", diff_ids: [`sha256:${layer}`] },
    history: [{ created: epoch, created_by: "plinth" }],
  };
}

async function writeLayer(
  definition: ImageDefinition,
  parts: ImageParts,
  folder: string,
  blobs: string,
): Promise<{ digest: string; size: number }> {
  const root = join(folder, "root");
  const directories = new Set<string>();
  const above = async (path: string): Promise<string> => {
    for (let directory = dirname(path); directory !== "/"; directory = dirname(directory)) directories.add(directory);
    await mkdir(join(root, dirname(path)), { recursive: true });
    return join(root, path);
  };
  await mkdir(root);
  for (const entry of definition.entries) {
    const path = await above(entry.path);
    if ("from" in entry) await copyFile(partOf(parts, entry.from), path);
    else if ("text" in entry) await writeFile(path, entry.text);
    else await mkdir(path);
  }
  if (definition.busyboxLinks !== undefined) {
    const taken = new Set(definition.entries.map(({ path }) => path));
    for (const command of parts.commands) {
      const path = join(definition.busyboxLinks, command);
      if (!taken.has(path)) await symlink("/bin/busybox", await above(path));
    }
  }
  for (const library of parts.libraries) {
    const path = await above(library);
    await copyFile(library, path);
    await chmod(path, 0o755);
  }
  // Whatever this process's umask is.
  await chmod(root, 0o755);
  for (const directory of directories) await chmod(join(root, directory), 0o755);
  for (const { path, mode } of definition.entries) await chmod(join(root, path), mode);

  const file = join(folder, "layer.tar");
  await pack(root, file, ["."]);
  const digest = await sha256Of(file);
  const { size } = await stat(file);
  await rename(file, join(blobs, digest));
  return { digest, size };
}

function partOf({ files }: ImageParts, name: string): string {
  const file = files.get(name);
  if (file === undefined) throw new Error(`nobody made ${name} for the image`);
  return file;
}

/** GNU tar, told to leave out all that differs from one machine or day to the next. */
async function pack(folder: string, target: string, members: readonly string[]): Promise<void> {
  const same = ["--format=ustar", "--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner"];
  await run("tar", [...same, "-C", folder, "-cf", target, ...members]);
}
