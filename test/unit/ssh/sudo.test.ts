import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { SshPool } from "../../../ssh/index.ts";
import { byPassword } from "../../../ssh/sudo.ts";
import { FakeSudo } from "../../support/fakeSudo.ts";
import { startSshServer } from "./sshServer.ts";

const password = " xyzzy' \"pw\\ $(x) ";

describe("ssh/sudo", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "plinth-sudo-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  function run(command: string, stdin: string, sudo: FakeSudo, given = password) {
    const sent = byPassword(command, given);
    const env = { ...process.env, PATH: sudo.path };
    const shell = spawnSync("/bin/sh", ["-c", sent.command], { input: `${sent.stdin}${stdin}`, env, encoding: "utf8" });
    return { code: shell.status, stdout: shell.stdout, stderr: shell.stderr };
  }

  const ways = [
    ["asks for the password", password],
    ["asks for none", undefined],
  ] as const;
  for (const [name, asked] of ways) {
    it(`runs a command with its own input where sudo ${name}`, () => {
      const sudo = new FakeSudo(folder, asked);
      const command = "printf '%s\\n' \"$BEHIND_SUDO\" 'it'\\''s $HOME'; cat; echo aside >&2; exit 7";
      for (const time of ["first", "again"])
        assert.deepEqual(
          run(command, "one\n\ntwo", sudo),
          { code: 7, stdout: "yes\nit's $HOME\none\n\ntwo", stderr: "aside\n" },
          time,
        );
      assert.doesNotMatch(sudo.seen, /xyzzy/, "neither an argument nor a log has the password");
      assert.doesNotMatch(sudo.seen, /BEHIND_SUDO/, "nor the command");
    });
  }

  it("ends with what sudo says where the password is wrong, and gives it nothing else to try", () => {
    const sudo = new FakeSudo(folder, "another");
    const { code, stdout, stderr } = run("echo never", "another\nanother\n", sudo);
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(stderr, /sudo: no password was provided\n$/);
    assert.doesNotMatch(stderr, /xyzzy/);
  });

  it("gives every command its own bytes, whatever they are", () => {
    const sudo = new FakeSudo(folder, password);
    const texts = fc.string({ unit: "binary", maxLength: 40 }).map((text) => text.replaceAll(/[\0\ud800-\udfff]/g, ""));
    fc.assert(
      fc.property(texts, texts, (text, input) => {
        const quoted = `'${text.replaceAll("'", `'\\''`)}'`;
        const { stdout } = run(`printf %s ${quoted}; cat`, input, sudo);
        assert.equal(stdout, `${text}${input}`);
      }),
      { numRuns: 25 },
    );
  });

  it("refuses a password that is not one line", () => {
    for (const wrong of ["", "a\nb", "a\0"]) assert.throws(() => byPassword("true", wrong), /one line/);
  });

  it("leaves in front what forced commands look for", () => {
    assert.match(byPassword(": plinth-reader facts 00; exec x", "pw").command, /^: plinth-reader facts 00; unset /);
  });

  it("is what a pool does where a way has a password, for commands that stay as well, and not for root", async () => {
    const sudo = new FakeSudo(folder, password);
    const server = await startSshServer({ password: "pw", environment: { PATH: sudo.path } });
    const pool = new SshPool();
    try {
      const target = { host: "127.0.0.1", port: server.port, user: "me", password: "pw" };
      pool.goBy([
        [target, { sudoPassword: password }],
        [{ ...target, user: "root" }, { sudoPassword: password }],
      ]);
      const asked = 'echo "$BEHIND_SUDO"; cat';
      assert.equal((await pool.exec(target, asked, { stdin: "in" })).stdout, "yes\nin");
      assert.equal((await pool.exec({ ...target, user: "root" }, asked, { stdin: "in" })).stdout, "\nin");
      const stays = await pool.attend(target, asked);
      stays.write("more");
      stays.end();
      assert.equal((await stays.ended).stdout, "yes\nmore");
      assert.doesNotMatch(server.commands.join("\n"), /xyzzy/);
    } finally {
      await pool.close();
      await server.close();
    }
  });
});
