import assert from "node:assert/strict";
import fc from "fast-check";
import { describeFinding } from "../../../plan/findings.ts";
import { type AgentView, maxAuthTries, pluginFindings, signingFindings } from "../../../plan/sshagent.ts";

const key = { fingerprint: "ssh-ed25519 SHA256:mine", file: "~/.ssh/id_ed25519" };
const agent = (...keys: string[]): AgentView => ({ socket: "/run/agent", keys });
const said = (findings: Parameters<typeof describeFinding>[0][]): string => findings.map(describeFinding).join("\n");

describe("plan/sshagent", () => {
  it("lets a key that cannot be read be used by an agent that has it", () => {
    assert.deepEqual(signingFindings(key, agent("another", key.fingerprint)), []);
    assert.equal(
      said(signingFindings(key, agent("another"))),
      "plinth:sshPrivateKeyFile ~/.ssh/id_ed25519 is a public key, and used by the SSH agent (SSH_AUTH_SOCK) alone: " +
        "the agent at /run/agent does not have that key (ssh-ed25519 SHA256:mine); add it: ssh-add ~/.ssh/id_ed25519 [ssh-agent]",
    );
    assert.equal(
      said(signingFindings({ ...key, encrypted: true }, agent("another"))),
      "plinth:sshPrivateKeyFile ~/.ssh/id_ed25519 is encrypted, PLINTH_SSH_PASSPHRASE is not set, and the agent at /run/agent does " +
        "not have that key (ssh-ed25519 SHA256:mine); set PLINTH_SSH_PASSPHRASE, or run on a terminal, which is asked; " +
        "for an agent add it: ssh-add ~/.ssh/id_ed25519 [ssh-agent]",
    );
    assert.match(
      said(signingFindings(key, "none")),
      /there is no agent; start one and add the key: eval "\$\(ssh-agent\)"/,
    );
    assert.match(
      said(signingFindings(key, { socket: "/gone", failure: "ENOENT" })),
      /the agent at \/gone cannot be used: ENOENT/,
    );
  });

  it("tells in one sentence that pulumi's plugin does not read the configured key file", () => {
    assert.equal(
      said(pluginFindings([key], "none")),
      "pulumi's command plugin logs in to hosts by the SSH agent (SSH_AUTH_SOCK), not by plinth:sshPrivateKeyFile ~/.ssh/id_ed25519, " +
        'and there is no agent; start one and add the key: eval "$(ssh-agent)" && ssh-add ~/.ssh/id_ed25519 [ssh-agent]',
    );
    assert.match(
      said(pluginFindings([], "none")),
      /by the SSH agent \(SSH_AUTH_SOCK\), and there is no agent; .*ssh-add KEY/,
    );
    assert.match(said(pluginFindings([key], agent("another"))), /does not have that key/);
    assert.deepEqual(pluginFindings([], agent("any")), []);
  });

  it("refuses an agent exactly when a host would end the connection before the right key", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 3 }), (before, after) => {
        const others = Array.from({ length: before + after }, (_, index) => `other-${index}`);
        const keys = [...others.slice(0, before), key.fingerprint, ...others.slice(before)];
        const findings = pluginFindings([key], agent(...keys));
        assert.equal(findings.length, before >= maxAuthTries ? 1 : 0);
        if (findings.length > 0)
          assert.match(said(findings), /ssh-agent sh -c 'ssh-add ~\/\.ssh\/id_ed25519 && pulumi up'/);
      }),
    );
  });
});
