import assert from "node:assert/strict";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createEnsureImages, type EnsureImagesOptions, type ImageMaking } from "../../../../artifacts/images/ensure.ts";
import { images } from "../../../../artifacts/images/definitions.ts";
import { Cleanup } from "../support.ts";

describe("ensureImages", () => {
  const cleanup = new Cleanup();
  let cacheDir: string;
  let lines: string[];
  let asked: string[];
  let options: EnsureImagesOptions;
  let making: ImageMaking;

  beforeEach(async () => {
    cacheDir = await cleanup.folder();
    lines = [];
    asked = [];
    options = { cacheDir, onProgress: (line) => lines.push(line) };
    const file = async (name: string, content: string): Promise<string> => {
      const path = join(cacheDir, `${name}.part`);
      await writeFile(path, content);
      return path;
    };
    making = {
      images,
      ensureArtifacts: async (refs) => {
        asked.push(...refs.map(({ name, version }) => `${name} ${version}`));
        const entries = refs.map(async ({ name, version }): Promise<[string, string]> => [
          name,
          await file(name, `${name} ${version}`),
        ]);
        return new Map(await Promise.all(entries));
      },
      makeIngredient: async (ingredient) => {
        asked.push(ingredient);
        return { file: await file(ingredient, ingredient), libraries: [] };
      },
      busyboxCommands: () => Promise.resolve(["sh"]),
    };
  });

  afterEach(() => cleanup.clean());

  const ensure = (names: string[], more: EnsureImagesOptions = {}) =>
    createEnsureImages(making)(names, { ...options, ...more });

  it("makes what is asked for, and nothing that is there", async () => {
    const paths = await ensure(["coredns", "web", "coredns"]);
    assert.deepEqual(
      [...paths],
      [
        ["coredns", join(cacheDir, "images", "coredns.tar")],
        ["web", join(cacheDir, "images", "web.tar")],
      ],
    );
    assert.deepEqual(asked, ["coredns 1.15.0", "busybox", "web"]);
    assert.match(
      lines.join("\n"),
      /^image coredns: \d+ KiB, put together in \d+ s\nimage web: making busybox and web\n/,
    );
    const before = await stat(join(cacheDir, "images", "coredns.tar"));
    lines.length = asked.length = 0;
    await ensure(["coredns", "web"]);
    assert.deepEqual([lines, asked], [[], []]);
    assert.equal((await stat(join(cacheDir, "images", "coredns.tar"))).mtimeMs, before.mtimeMs);
  });

  it("makes an archive anew when another version goes in, or when it was damaged", async () => {
    const path = join(cacheDir, "images", "coredns.tar");
    await ensure(["coredns"]);
    const first = await readFile(path);
    await ensure(["coredns"], { versions: { coredns: "1.14.0" } });
    const other = await readFile(path);
    assert(!first.equals(other));
    await ensure(["coredns"]);
    assert(first.equals(await readFile(path)));
    await writeFile(path, "damaged");
    await ensure(["coredns"]);
    assert(first.equals(await readFile(path)));
    assert.deepEqual(asked, ["coredns 1.15.0", "coredns 1.14.0", "coredns 1.15.0", "coredns 1.15.0"]);
  });

  it("makes each image once when several ask at a time", async () => {
    await Promise.all([ensure(["pause"]), ensure(["pause"]), ensure(["pause"])]);
    assert.deepEqual(asked, ["pause"]);
  });

  it("takes an archive of the operator's own, also when it is replaced", async () => {
    const path = join(cacheDir, "images", "shop.tar");
    await mkdir(join(cacheDir, "images"));
    await writeFile(path, "first");
    assert.equal((await ensure(["shop"])).get("shop"), path);
    await writeFile(path, "second");
    await ensure(["shop"]);
    assert.equal(await readFile(path, "utf8"), "second");
    await ensure(["shop"]);
    assert.deepEqual(lines, Array(2).fill(`image shop: ${path} is new or has changed, its digest is recorded`));
  });

  it("says what there is and where an own archive would go", async () => {
    await assert.rejects(ensure(["shop"]), (error: Error) => {
      assert.equal(
        error.message,
        `There is no image "shop": Plinth makes ${images.map(({ name }) => name).join(", ")}; put an archive of your own at ${join(cacheDir, "images", "shop.tar")}.`,
      );
      return true;
    });
  });

  it("says why an image could not be made, and leaves nothing half made", async () => {
    making.makeIngredient = () => Promise.reject(new Error("no compiler"));
    await assert.rejects(
      ensure(["pause"]),
      /^ArtifactError: The image pause could not be made: no compiler\. Without it,/,
    );
    await assert.rejects(stat(join(cacheDir, "images", "pause.tar")));
    await assert.rejects(stat(join(cacheDir, ".work", "image-pause")));
  });
});
