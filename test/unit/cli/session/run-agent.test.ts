import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { openRunAgent } from "../../../../cli/session/run-agent.ts";
import { findProcess } from "../../../../cli/process/identity.ts";
import { PlinthError } from "../../../../plan/findings.ts";
import { agentKeys } from "../../../../ssh/index.ts";
import { newKey } from "../../ssh/sshServer.ts";

describe("the agent of a run", () => {
  const environment = process.env["SSH_AUTH_SOCK"];
  let base: string;
  const file = (name: string): string => join(base, name);
  const names = async (socket: string): Promise<string[]> =>
    (await agentKeys(socket)).map((key) => `${key.type} ${key.getPublicSSH().toString("base64")}`);

  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), "plinth-run-agent-"));
    delete process.env["SSH_AUTH_SOCK"];
  });
  afterEach(() => {
    rmSync(base, { recursive: true });
    if (environment === undefined) delete process.env["SSH_AUTH_SOCK"];
    else process.env["SSH_AUTH_SOCK"] = environment;
  });

  it("has the configured key, in a folder that only its user enters, and is gone at the end", async () => {
    const { privateKey, publicKey } = newKey();
    writeFileSync(file("key"), privateKey);
    const agent = await openRunAgent("official", file("key"), base);
    const socket = agent.env["SSH_AUTH_SOCK"] ?? "";
    assert.deepEqual(await names(socket), [publicKey]);
    assert.equal(statSync(dirname(socket)).mode & 0o777, 0o700);
    await agent.close();
    assert.deepEqual(readdirSync(base), ["key"]);
  });

  it("is not there for the bundled plugin, nor where there is nothing to lend", async () => {
    writeFileSync(file("key"), newKey().privateKey);
    for (const [mode, key] of [
      ["bundled", file("key")],
      ["official", undefined],
    ] as const)
      assert.deepEqual((await openRunAgent(mode, key, base)).env, {});
    assert.deepEqual(readdirSync(base), ["key"]);
  });

  it("lends of the user's agent the configured key alone", async () => {
    const [first, second] = [newKey(), newKey()];
    writeFileSync(file("key"), first.privateKey);
    const users = await openRunAgent("official", file("key"), base);
    process.env["SSH_AUTH_SOCK"] = users.env["SSH_AUTH_SOCK"];
    writeFileSync(file("id.pub"), first.publicKey);
    const agent = await openRunAgent("official", file("id.pub"), base);
    assert.deepEqual(await names(agent.env["SSH_AUTH_SOCK"] ?? ""), [first.publicKey]);
    await agent.close();
    writeFileSync(file("id.pub"), second.publicKey);
    await assert.rejects(openRunAgent("official", file("id.pub"), base), (error) => {
      assert.ok(error instanceof PlinthError);
      assert.deepEqual(
        error.findings.map(({ rule }) => rule),
        ["ssh-agent"],
      );
      return true;
    });
    const all = await openRunAgent("official", undefined, base);
    assert.deepEqual(await names(all.env["SSH_AUTH_SOCK"] ?? ""), [first.publicKey]);
    await all.close();
    await users.close();
  });

  it("clears the folders of runs that were killed, and leaves those of others alone", async () => {
    const self = findProcess(process.pid);
    mkdirSync(file(`plinth-agent-${process.pid}-1-killed`));
    writeFileSync(join(file(`plinth-agent-${process.pid}-1-killed`), "agent"), "");
    mkdirSync(file(`plinth-agent-${process.pid}-${self?.startTicks}-alive`));
    mkdirSync(file("other"));
    mkdirSync(file("plinth-agent-of-others"));
    await openRunAgent("bundled", undefined, base);
    assert.deepEqual(
      readdirSync(base).sort(),
      ["other", "plinth-agent-of-others", `plinth-agent-${process.pid}-${self?.startTicks}-alive`].sort(),
    );
  });
});
