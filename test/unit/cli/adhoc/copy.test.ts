import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getFile, putFile, type GetRun, type PutRun } from "../../../../cli/adhoc/copy.ts";
import { IncomingFile, readLocalFile } from "../../../../cli/adhoc/files.ts";
import type { CopyResult } from "../../../../plan/adhoc/copying.ts";
import { TestHosts } from "./servers.ts";

describe("a file that is copied", function () {
  this.timeout(90_000);
  let hosts: TestHosts;
  let here: string;
  let there: string;
  let stop: AbortController;
  beforeEach(() => {
    hosts = new TestHosts();
    stop = new AbortController();
    [here, there] = [mkdtempSync(join(tmpdir(), "plinth-here-")), mkdtempSync(join(tmpdir(), "plinth-there-"))];
  });
  afterEach(async () => {
    stop.abort();
    await hosts.close();
    for (const folder of [here, there]) rmSync(folder, { recursive: true });
  });

  const run = () => ({ root: false, seconds: 30, parallel: 8, signal: stop.signal });
  const bytes = Buffer.alloc(400_000, Buffer.from([0, 255, 10, 13, 200]));
  const put = async (remote: string, more: Partial<PutRun> = {}): Promise<CopyResult[]> => {
    const file = await readLocalFile(join(here, "file"));
    return putFile(hosts.access, { ...run(), remote, file, ...more }, hosts.pool);
  };
  const get = (remote: string, more: Partial<GetRun> = {}): Promise<CopyResult[]> =>
    getFile(hosts.access, { ...run(), remote, localOf: (host) => join(here, host), ...more }, hosts.pool);
  const modeOf = (path: string): string => (statSync(path).mode & 0o7777).toString(8);

  it("is on the host byte for byte, with the mode of the file here, and is not sent again", async () => {
    await hosts.add("cp1");
    writeFileSync(join(here, "file"), bytes);
    chmodSync(join(here, "file"), 0o640);
    const path = join(there, "it's a file");
    assert.deepEqual(await put(path), [{ host: "cp1", outcome: "copied" }]);
    assert.ok(readFileSync(path).equals(bytes));
    assert.equal(modeOf(path), "640");
    assert.deepEqual(await put(path), [{ host: "cp1", outcome: "unchanged" }]);
    assert.deepEqual(await put(path, { mode: "0600" }), [{ host: "cp1", outcome: "copied" }]);
    assert.equal(modeOf(path), "600");
    writeFileSync(join(here, "file"), "new");
    await put(path);
    assert.deepEqual([readFileSync(path, "utf8"), modeOf(path)], ["new", "600"], "the mode that it has stays");
    assert.deepEqual(readdirSync(there), ["it's a file"]);
  });

  it("takes the place of what a link leads to", async () => {
    await hosts.add("cp1");
    writeFileSync(join(here, "file"), "new");
    writeFileSync(join(there, "real"), "old");
    symlinkSync("real", join(there, "link"));
    await put(join(there, "link"));
    assert.equal(readFileSync(join(there, "real"), "utf8"), "new");
  });

  it("is refused before anything is written where one host cannot take it", async () => {
    await hosts.add("cp1");
    await hosts.add("cp2");
    writeFileSync(join(here, "file"), "new");
    mkdirSync(join(there, "directory"));
    await assert.rejects(put(join(there, "directory")), /2 findings, no host was changed:[^]*cp1: .*is a directory/);
    await assert.rejects(put(join(there, "gone/file")), /the directory of .*gone\/file is not there/);
    await assert.rejects(put("/var/lib/plinth/claim"), /is in \/var\/lib\/plinth, where Plinth keeps its own things/);
    assert.deepEqual(readdirSync(there), ["directory"]);
  });

  it("leaves what was there as it was when what comes is not what was sent", async () => {
    await hosts.add("cp1");
    writeFileSync(join(here, "file"), "new");
    writeFileSync(join(there, "file"), "old");
    const file = await readLocalFile(join(here, "file"));
    writeFileSync(join(here, "file"), "changed meanwhile");
    const [result] = await put(join(there, "file"), { file });
    assert.deepEqual([result?.outcome, readFileSync(join(there, "file"), "utf8")], ["failed", "old"]);
    assert.match(result?.reason ?? "", /what came is not what was sent; nothing was changed/);
    assert.deepEqual(readdirSync(there), ["file"]);
  });

  it("goes to the hosts that are there, and tells of the others", async () => {
    await hosts.add("cp1");
    await hosts.addDead("cp2");
    writeFileSync(join(here, "file"), "new");
    const results = await put(join(there, "file"));
    assert.deepEqual(
      results.map(({ host, outcome }) => [host, outcome]),
      [
        ["cp1", "copied"],
        ["cp2", "unreachable"],
      ],
    );
  });

  it("comes from hosts byte for byte, whatever their login shells say, and only readers of there may read it here", async () => {
    await hosts.add("cp1", { forcedCommand: 'echo "Welcome!"; eval "$SSH_ORIGINAL_COMMAND"' });
    await hosts.add("cp2");
    writeFileSync(join(there, "file"), bytes);
    chmodSync(join(there, "file"), 0o640);
    const results = await get(join(there, "file"), { localOf: (host) => join(here, host, "deep/file") });
    assert.deepEqual(
      results.map(({ outcome }) => outcome),
      ["copied", "copied"],
    );
    for (const host of ["cp1", "cp2"]) {
      const path = join(here, host, "deep/file");
      assert.ok(readFileSync(path).equals(bytes));
      assert.equal(modeOf(path), "600");
      assert.deepEqual(readdirSync(join(here, host, "deep")), ["file"]);
    }
    writeFileSync(join(there, "empty"), "");
    await get(join(there, "empty"), { localOf: (host) => join(here, `${host}-empty`) });
    assert.equal(readFileSync(join(here, "cp1-empty"), "utf8"), "");
  });

  it("has the mode here that was asked for, whatever the umask is", () => {
    const incoming = new IncomingFile(join(here, "file"), 0o666);
    incoming.add(Buffer.from(`plinth-file 3 ${createHash("sha256").update("abc").digest("hex")} 644\nabc`));
    incoming.finish();
    assert.equal(modeOf(join(here, "file")), "666");
  });

  it("leaves nothing here where the host has none, or sends something else", async () => {
    await hosts.add("cp1");
    const [none] = await get(join(there, "none"));
    assert.deepEqual([none?.outcome, none?.reason], ["failed", "there is no such file, or this user cannot see it"]);
    const [directory] = await get(there);
    assert.match(directory?.reason ?? "", /^it is a directory/);
    const digest = "0".repeat(64);
    const liar = await hosts.add("cp1", { forcedCommand: `printf 'plinth-file 3 ${digest} 644\\nlonger than that'` });
    const [more] = await get("/x");
    assert.match(more?.reason ?? "", /the host sends more than it has said/);
    await liar.close();
    await hosts.add("cp1", { forcedCommand: `printf 'plinth-file 3 ${digest} 644\\nabc'` });
    const [other] = await get("/x");
    assert.match(other?.reason ?? "", /what came is not what was there/);
    assert.equal(existsSync(join(here, "cp1")), false);
    assert.deepEqual(readdirSync(here), []);
  });
});
