import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writeArchive } from "../../../../artifacts/images/archive.ts";
import { images, type ImageDefinition } from "../../../../artifacts/images/definitions.ts";
import { run } from "../../../../artifacts/run.ts";
import { Cleanup, sha256 } from "../support.ts";

const definition: ImageDefinition = {
  name: "one",
  reference: "localhost/plinth/one:lab",
  artifacts: [],
  ingredients: [],
  entries: [
    { path: "/opt/app/one", mode: 0o755, from: "one" },
    { path: "/bin/busybox", mode: 0o755, from: "busybox" },
    { path: "/etc/passwd", mode: 0o644, text: "root:x:0:0:::\n" },
    { path: "/tmp", mode: 0o1777, directory: true },
  ],
  busyboxLinks: "/bin",
  entrypoint: ["/opt/app/one"],
  user: "65532:65532",
  ports: [8080],
};

interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
  annotations?: Record<string, string>;
}

describe("an image's archive", () => {
  const cleanup = new Cleanup();
  let folder: string;

  beforeEach(async () => {
    folder = await cleanup.folder();
  });

  afterEach(() => cleanup.clean());

  async function write(name: string): Promise<string> {
    const work = join(folder, name);
    await mkdir(work);
    await writeFile(join(work, "one.bin"), "the program", { mode: 0o600 });
    await writeFile(join(work, "busybox.bin"), "many programs");
    const files = new Map([
      ["one", join(work, "one.bin")],
      ["busybox", join(work, "busybox.bin")],
    ]);
    await mkdir(join(work, "archive"));
    const library = join(folder, "lib.so");
    await writeFile(library, "a library", { mode: 0o600 });
    const target = join(work, "one.tar");
    await writeArchive(
      definition,
      { platform: "linux-amd64", files, libraries: [library], commands: ["sh", "busybox"] },
      join(work, "archive"),
      target,
    );
    return target;
  }

  /** The archive's files below a folder. */
  async function unpack(archive: string): Promise<{ text: (path: string) => Promise<string>; layout: string }> {
    const layout = join(folder, "unpacked");
    await mkdir(layout);
    await run("tar", ["-xf", archive, "-C", layout]);
    return { layout, text: (path) => readFile(join(layout, path), "utf8") };
  }

  it("is an OCI layout whose descriptors match its blobs", async () => {
    const { text } = await unpack(await write("a"));
    const blob = async ({ digest, size }: Descriptor): Promise<string> => {
      const content = await text(`blobs/${digest.replace(":", "/")}`);
      assert.equal(`sha256:${sha256(content)}`, digest);
      assert.equal(Buffer.byteLength(content), size);
      return content;
    };
    assert.deepEqual(JSON.parse(await text("oci-layout")), { imageLayoutVersion: "1.0.0" });
    const index = JSON.parse(await text("index.json")) as { manifests: Descriptor[] };
    const [entry] = index.manifests;
    assert(entry !== undefined && index.manifests.length === 1);
    assert.equal(entry.annotations?.["io.containerd.image.name"], "localhost/plinth/one:lab");
    assert.equal(entry.annotations["org.opencontainers.image.ref.name"], "lab");
    const manifest = JSON.parse(await blob(entry)) as { config: Descriptor; layers: [Descriptor] };
    const config = JSON.parse(await blob(manifest.config)) as Record<string, unknown>;
    await blob(manifest.layers[0]);
    assert.deepEqual(config, {
      created: "1970-01-01T00:00:00Z",
      architecture: "amd64",
      os: "linux",
      config: {
        User: "65532:65532",
        ExposedPorts: { "8080/tcp": {} },
        Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
        Entrypoint: ["/opt/app/one"],
        WorkingDir: "/",
      },
      rootfs: { type: "layers", diff_ids: [manifest.layers[0].digest] },
      history: [{ created: "1970-01-01T00:00:00Z", created_by: "plinth" }],
    });
    const path = ({ digest }: Descriptor): string => `blobs/${digest.replace(":", "/")}`;
    assert.deepEqual(JSON.parse(await text("manifest.json")), [
      { Config: path(manifest.config), RepoTags: ["localhost/plinth/one:lab"], Layers: [path(manifest.layers[0])] },
    ]);
  });

  it("holds the files with their modes, all root's, without times", async () => {
    const { text, layout } = await unpack(await write("a"));
    const [{ Layers } = { Layers: [""] }] = JSON.parse(await text("manifest.json")) as { Layers: string[] }[];
    const listing = await run("tar", ["--numeric-owner", "--utc", "-tvf", join(layout, Layers[0] ?? "")]);
    const lines = listing
      .trim()
      .split("\n")
      .map((line) => line.replaceAll(/ +/g, " "));
    assert.deepEqual(lines, [
      "drwxr-xr-x 0/0 0 1970-01-01 00:00 ./",
      "drwxr-xr-x 0/0 0 1970-01-01 00:00 ./bin/",
      "-rwxr-xr-x 0/0 13 1970-01-01 00:00 ./bin/busybox",
      "lrwxrwxrwx 0/0 0 1970-01-01 00:00 ./bin/sh -> /bin/busybox",
      "drwxr-xr-x 0/0 0 1970-01-01 00:00 ./etc/",
      "-rw-r--r-- 0/0 14 1970-01-01 00:00 ./etc/passwd",
      "drwxr-xr-x 0/0 0 1970-01-01 00:00 ./opt/",
      "drwxr-xr-x 0/0 0 1970-01-01 00:00 ./opt/app/",
      "-rwxr-xr-x 0/0 11 1970-01-01 00:00 ./opt/app/one",
      "drwxrwxrwt 0/0 0 1970-01-01 00:00 ./tmp/",
      `drwxr-xr-x 0/0 0 1970-01-01 00:00 .${folder}/`,
      `-rwxr-xr-x 0/0 9 1970-01-01 00:00 .${folder}/lib.so`,
    ]);
  });

  it("is the same bytes for the same parts, whenever, wherever and with whatever umask it is made", async () => {
    const before = process.umask(0o022);
    try {
      const first = await readFile(await write("a"));
      process.umask(0o077);
      await new Promise((resolve) => setTimeout(resolve, 1_100));
      assert(first.equals(await readFile(await write("b"))));
    } finally {
      process.umask(before);
    }
  });
});

describe("the images", () => {
  it("run as numeric users without privileges, from absolute paths that they contain", () => {
    assert.deepEqual(
      images.map(({ name }) => name),
      [
        ...["pause", "coredns", "metrics-server"],
        ...["prometheus", "alertmanager", "kube-state-metrics", "kube-rbac-proxy", "web"],
      ],
    );
    for (const { name, reference, user, entrypoint, entries, artifacts, ingredients } of images) {
      assert.equal(reference, `localhost/plinth/${name}:lab`);
      assert.match(user, /^[1-9]\d*:[1-9]\d*$/);
      const program = entries.find(({ path }) => path === entrypoint[0]);
      assert(program !== undefined && "from" in program && program.mode === 0o755, name);
      const parts = entries.flatMap((entry) => ("from" in entry ? [entry.from] : []));
      assert.deepEqual(parts.toSorted(), [...artifacts, ...ingredients].toSorted());
    }
  });
});
