import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commandProvider } from "../../../plugins/command/index.ts";
import { type PropertyMap, secret, UNKNOWN } from "../../../plugins/provider/values.ts";
import { sharedPool } from "../../../ssh/index.ts";
import { startSshServer, type TestSshServer } from "../ssh/sshServer.ts";
import { ProviderClient } from "./client.ts";

const SIGNATURE = "4dabf18193072939515e22adb298388d";
const assetOf = (fields: PropertyMap): PropertyMap => ({ [SIGNATURE]: "c44067f5952c0a294b673a41bacd8c17", ...fields });
const archiveOf = (fields: PropertyMap): PropertyMap => ({
  [SIGNATURE]: "0def7320c3a5731c473e5ecbe6d01bc7",
  ...fields,
});

describe("command:remote:CopyToRemote", () => {
  let client: ProviderClient;
  let server: TestSshServer;
  let local: string;
  let remote: string;
  before(async () => {
    server = await startSshServer({ password: "pw" });
    client = await ProviderClient.start(commandProvider, "command:remote:CopyToRemote");
  });
  after(async () => {
    await client.close();
    await sharedPool.close();
    await server.close();
  });
  beforeEach(() => {
    local = mkdtempSync(join(tmpdir(), "plinth-copy-"));
    remote = join(local, "remote");
    mkdirSync(remote);
    mkdirSync(join(local, "src", "sub"), { recursive: true });
    writeFileSync(join(local, "src", "f"), "file");
    writeFileSync(join(local, "src", "sub", "g"), "deep");
  });
  afterEach(() => {
    rmSync(local, { recursive: true });
  });

  async function inputs(source: PropertyMap | string, remotePath: string): Promise<PropertyMap> {
    const connection = { host: "127.0.0.1", port: server.port, password: "pw" };
    const { inputs: checked, failures } = await client.check({ connection, source, remotePath });
    assert.deepEqual(failures, []);
    return checked;
  }

  const read = (...path: string[]): string => readFileSync(join(remote, ...path), "utf8");

  for (const [name, source, destination, result] of [
    ["a text to a path, folders made", () => assetOf({ text: "hello" }), "a/b/t", ["a/b/t", "hello"]],
    ["a file to a path", () => assetOf({ path: join(local, "src/f") }), "x", ["x", "file"]],
    ["a file into a folder", () => assetOf({ path: join(local, "src/f") }), "", ["f", "file"]],
    ["a folder into a folder", () => archiveOf({ path: join(local, "src") }), "", ["src/sub/g", "deep"]],
    ["a folder's content", () => archiveOf({ path: `${join(local, "src")}/` }), "d", ["d/sub/g", "deep"]],
  ] as [string, () => PropertyMap, string, [string, string]][]) {
    it(`copies ${name}`, async () => {
      const given = await inputs(source(), join(remote, destination));
      const created = await client.create(given);
      assert.equal(read(result[0]), result[1]);
      assert.match(created.id, /^[0-9a-f]{8}$/);
      assert.deepEqual(created.properties, given);
    });
  }

  it("refuses a text for a folder, naming host and path", async () => {
    const given = await inputs(assetOf({ text: "x" }), remote);
    await assert.rejects(client.create(given), /^Error: Host 127\.0\.0\.1: .*remote is a folder/);
  });

  it("copies again when content or path changed, not when the connection alone did", async () => {
    const given = await inputs(assetOf({ text: "one", hash: "1" }), join(remote, "t"));
    const created = await client.create(given);
    const elsewhere = { ...given, connection: secret({ host: "192.0.2.1" }) };
    assert.deepEqual(await client.update(created, elsewhere), elsewhere);
    await client.update(created, { ...given, source: assetOf({ text: "two", hash: "2" }) });
    assert.equal(read("t"), "two");
  });

  it("previews without touching the host, an unknown source included", async () => {
    const given = await inputs(UNKNOWN, join(remote, "t"));
    assert.equal((await client.create(given, { preview: true })).properties["source"], UNKNOWN);
  });

  it("leaves the copy on the host at delete", async () => {
    const created = await client.create(await inputs(assetOf({ text: "x" }), join(remote, "t")));
    await client.delete(created);
    assert.equal(read("t"), "x");
  });

  it("refuses remote assets and archives of assets", async () => {
    const rest = { connection: { host: "h" }, remotePath: "/x" };
    const { failures } = await client.check({ ...rest, source: assetOf({ uri: "https://x" }) });
    assert.match(failures[0]?.reason ?? "", /must be a FileAsset or a StringAsset/);
    const other = await client.check({ ...rest, source: archiveOf({ assets: {} }) });
    assert.match(other.failures[0]?.reason ?? "", /must be a FileArchive/);
  });

  it("used one connection for all of it", () => {
    assert.equal(server.counts.connections, 1);
  });
});
