import assert from "node:assert/strict";
import fc from "fast-check";
import { type PropertyMap, UNKNOWN } from "../../../plugins/provider/values.ts";
import { bcrypt } from "../../../plugins/random/bcrypt.ts";
import { randomProvider } from "../../../plugins/random/index.ts";
import { randomText } from "../../../plugins/random/string.ts";
import { ProviderClient, revealed } from "./client.ts";

const PASSWORD_DEFAULTS = {
  lower: true,
  minLower: 0,
  minNumeric: 0,
  minSpecial: 0,
  minUpper: 0,
  number: true,
  numeric: true,
  special: true,
  upper: true,
};

describe("random", () => {
  const clients: ProviderClient[] = [];
  after(() => Promise.all(clients.map((client) => client.close())));

  async function start(type: string): Promise<ProviderClient> {
    const client = await ProviderClient.start(randomProvider, `random:index/random${type}:Random${type}`);
    clients.push(client);
    return client;
  }

  describe("RandomPassword", () => {
    let client: ProviderClient;
    before(async () => {
      client = await start("Password");
    });

    it("has id none, secret results, defaults, and its schema version in the state", async () => {
      const { id, properties } = await client.create({ length: 32, special: false });
      const { result, bcryptHash, ...rest } = properties;
      assert.equal(id, "none");
      assert.match(revealed(result), /^[A-Za-z0-9]{32}$/);
      assert.match(revealed(bcryptHash), /^\$2a\$04\$[./A-Za-z0-9]{53}$/);
      const meta = '{"schema_version":"3"}';
      assert.deepEqual(rest, { ...PASSWORD_DEFAULTS, __meta: meta, id: "none", length: 32, special: false });
    });

    it("has a hash of the official cost where it could be guessed", async () => {
      const { properties } = await client.create({ length: 12 });
      assert.match(revealed(properties["bcryptHash"]), /^\$2a\$10\$[./A-Za-z0-9]{53}$/);
    });

    it("previews results as unknown", async () => {
      const { properties } = await client.create({ length: 8 }, { preview: true });
      assert.deepEqual([properties["result"], properties["bcryptHash"], properties["id"]], [UNKNOWN, UNKNOWN, UNKNOWN]);
    });

    for (const [name, change, replaces] of [
      ["nothing", {}, []],
      ["length", { length: 9 }, ["length"]],
      ["an unknown length", { length: UNKNOWN }, ["length"]],
      ["special", { special: false }, ["special"]],
      ["numeric", { numeric: false }, ["number", "numeric"]],
      ["number, its old name", { number: false }, ["number", "numeric"]],
      ["number set to what it is", { number: true }, []],
      ["overrideSpecial", { overrideSpecial: "!" }, ["overrideSpecial"]],
      ["keepers", { keepers: { a: "1" } }, ["keepers"]],
    ] as [string, PropertyMap, string[]][]) {
      it(`a change of ${name} ${replaces.length > 0 ? "replaces" : "is none"}`, async () => {
        const inputs = { length: 8 };
        const diff = await client.diff(await client.create(inputs), { ...inputs, ...change }, inputs);
        assert.deepEqual([diff.replaces, diff.diffs], [replaces, replaces]);
      });
    }

    it("from no keepers to empty ones is an update that keeps the password", async () => {
      const created = await client.create({ length: 8 });
      const news = { length: 8, keepers: {} };
      assert.deepEqual((await client.diff(created, news, { length: 8 })).replaces, []);
      const properties = await client.update(created, news);
      assert.deepEqual(properties, { ...created.properties, keepers: {} });
    });

    it("refuses lengths below the minimum, and number against numeric", async () => {
      assert.equal((await client.check({ length: 0 })).failures[0]?.reason, "length must be at least 1.");
      assert.match(
        (await client.check({ length: 2, minLower: 3 })).failures[0]?.reason ?? "",
        /at least 3, the sum of/,
      );
      await assert.rejects(client.create({ length: 2, number: true, numeric: false }), /different values/);
    });

    it("imports a password", async () => {
      const { id, properties, inputs } = await client.read("hunter2");
      assert.equal(id, "none");
      assert.equal(revealed(properties["result"]), "hunter2");
      assert.deepEqual(inputs, { length: 7, lower: true, number: true, numeric: true, special: true, upper: true });
    });
  });

  it("RandomId gives the same bytes in every form", async () => {
    const client = await start("Id");
    const { id, properties } = await client.create({ byteLength: 4, prefix: "x-" });
    const bytes = Buffer.from(id, "base64url");
    assert.deepEqual(properties, {
      byteLength: 4,
      prefix: "x-",
      id,
      b64Url: `x-${id}`,
      b64Std: `x-${bytes.toString("base64")}`,
      hex: `x-${bytes.toString("hex")}`,
      dec: `x-${bytes.readUInt32BE(0)}`,
    });
    assert.equal((await client.read("x-,q83v7w")).properties["hex"], "x-abcdefef");
    const diff = await client.diff({ id, properties }, { byteLength: 4 }, { byteLength: 4, prefix: "x-" });
    assert.deepEqual(diff.replaces, ["prefix"]);
  });

  it("text keeps to its length, classes and minimums", () => {
    const amount = fc.integer({ min: 0, max: 4 });
    fc.assert(
      fc.property(amount, amount, amount, amount, fc.integer({ min: 0, max: 20 }), (u, l, n, s, more) => {
        const length = u + l + n + s + more;
        const minimums = { minUpper: u, minLower: l, minNumeric: n, minSpecial: s };
        const result = randomText({ ...PASSWORD_DEFAULTS, ...minimums, length });
        assert.equal(result.length, length);
        for (const [pattern, least] of [
          [/[A-Z]/g, u],
          [/[a-z]/g, l],
          [/[0-9]/g, n],
          [/[^A-Za-z0-9]/g, s],
        ] as const) {
          assert.ok((result.match(pattern) ?? []).length >= least);
        }
      }),
    );
    assert.match(randomText({ length: 20, special: true, overrideSpecial: "äö" }), /^[äö]{20}$/);
    assert.throws(() => randomText({ length: 1 }), /No characters to choose from/);
  });

  it("bcrypt gives the published hashes", () => {
    for (const [password, expected] of [
      ["", "$2a$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s."],
      ["a", "$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe"],
      ["abc", "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i"],
    ] as const) {
      assert.equal(bcrypt(password, expected.slice(0, 29)), expected);
    }
    const salt = "$2a$04$DCq7YPn5Rq63x1Lad4cll.";
    assert.equal(bcrypt("x".repeat(72), salt), bcrypt("x".repeat(80), salt));
  });
});
