import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { recipeDigest } from "../../../lab/image.ts";
import { ingredientsOf } from "../../../lab/variants.ts";

const plain = ingredientsOf([]);
const image = join(import.meta.dirname, "../../../lab/image");

describe("lab: base image", () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "plinth-recipe-"));
    await mkdir(join(directory, "root"));
  });
  after(() => rm(directory, { recursive: true }));

  it("is named by everything that goes into it", async () => {
    const digests: string[] = [];
    const take = async (user = "plinth", ingredients = plain): Promise<number> =>
      digests.push(await recipeDigest(user, ingredients, directory));
    await writeFile(join(directory, "packages.txt"), "sudo\n");
    await take();
    await writeFile(join(directory, "packages.txt"), "sudo\ncurl\n");
    await take();
    await writeFile(join(directory, "root", "file"), "");
    await take();
    await rename(join(directory, "root", "file"), join(directory, "root", "other"));
    await take();
    await take("operator");
    await take("plinth", ingredientsOf(["debian-13"]));
    await take("plinth", ingredientsOf(["resolved"]));
    assert.equal(new Set(digests).size, digests.length);
    for (const digest of digests) assert.match(digest, /^[0-9a-f]{16}$/);
  });

  it("has the same name for the same recipe", async () => {
    assert.equal(await recipeDigest("plinth", plain), await recipeDigest("plinth", ingredientsOf(["small-mtu"])));
  });

  it("brings neither Python nor jq, and nothing that starts by itself", async () => {
    const lines = async (file: string): Promise<string[]> =>
      (await readFile(join(image, file), "utf8")).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    const packages = await lines("packages.txt");
    assert.ok(packages.every((name) => /^[a-z0-9.+-]+$/.test(name)));
    assert.deepEqual(
      packages.filter((name) => /python|^jq$/.test(name)),
      [],
    );
    const masked = await lines("masked-units.txt");
    for (const unit of ["haproxy.service", "keepalived.service", "apt-daily.timer"])
      assert.ok(masked.includes(unit), unit);
  });
});
