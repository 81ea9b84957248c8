import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lookUpHostKey } from "../../../plan/knownhosts.ts";
import { ensureIdentity, hostKeyFile, pinHostKey, sshCommand } from "../../../lab/identity.ts";

describe("lab: keys", () => {
  let ssh: string;
  before(async () => {
    ssh = join(await mkdtemp(join(tmpdir(), "plinth-keys-")), "ssh");
  });
  after(() => rm(join(ssh, ".."), { recursive: true }));

  it("pins a key once, without its comment", () => {
    const once = pinHostKey("", "10.27.0.11", "ssh-ed25519 AAAA cp1\n");
    assert.equal(once, "10.27.0.11 ssh-ed25519 AAAA\n");
    assert.equal(pinHostKey(once, "10.27.0.11", "ssh-ed25519 AAAA other comment"), once);
    assert.equal(
      pinHostKey(once, "10.27.0.12", "ssh-ed25519 BBBB"),
      "10.27.0.11 ssh-ed25519 AAAA\n10.27.0.12 ssh-ed25519 BBBB\n",
    );
  });

  it("pins the key of the host that was made last at an address, and keeps that of the one before", () => {
    const pins = "10.27.0.11 ssh-ed25519 AAAA\n10.27.0.12 ssh-ed25519 BBBB\n";
    const another = pinHostKey(pins, "10.27.0.12", "ssh-ed25519 CCCC");
    assert.equal(another, "10.27.0.11 ssh-ed25519 AAAA\n10.27.0.12 ssh-ed25519 CCCC\n10.27.0.12 ssh-ed25519 BBBB\n");
    assert.equal(lookUpHostKey(another, "10.27.0.12", 22), "ssh-ed25519 CCCC");
    assert.equal(pinHostKey(another, "10.27.0.12", "ssh-ed25519 CCCC"), another);
    assert.equal(
      lookUpHostKey(pinHostKey(another, "10.27.0.12", "ssh-ed25519 BBBB"), "10.27.0.12", 22),
      "ssh-ed25519 BBBB",
    );
  });

  it("makes keys that only the owner reads, and keeps them", async () => {
    await ensureIdentity(ssh, [{ name: "cp1", address: "10.27.0.11" }]);
    for (const file of [join(ssh, "id_ed25519"), hostKeyFile(ssh, "cp1")]) {
      assert.equal((await stat(file)).mode & 0o777, 0o600, file);
    }
    const key = await readFile(hostKeyFile(ssh, "cp1"), "utf8");
    await ensureIdentity(ssh, [
      { name: "cp1", address: "10.27.0.11" },
      { name: "cp2", address: "10.27.0.12" },
    ]);
    assert.equal(await readFile(hostKeyFile(ssh, "cp1"), "utf8"), key);
    const pins = (await readFile(join(ssh, "known_hosts"), "utf8")).trim().split("\n");
    assert.deepEqual(
      pins.map((line) => line.split(" ").slice(0, 2).join(" ")),
      ["10.27.0.11 ssh-ed25519", "10.27.0.12 ssh-ed25519"],
    );
  });

  it("starts over when making a key was interrupted", async () => {
    await rm(join(ssh, "id_ed25519"));
    await ensureIdentity(ssh, []);
    await stat(join(ssh, "id_ed25519"));
  });

  it("calls ssh so that it neither asks nor trusts anything else", () => {
    const command = sshCommand("/s", "plinth", "10.27.0.11", 3).join(" ");
    for (const part of [
      "-F none",
      "BatchMode=yes",
      "StrictHostKeyChecking=yes",
      "/s/known_hosts",
      "-i /s/id_ed25519",
    ]) {
      assert.ok(command.includes(part), part);
    }
    assert.ok(command.endsWith("plinth@10.27.0.11"));
  });
});
