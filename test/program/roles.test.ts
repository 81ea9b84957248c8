import assert from "node:assert/strict";
import type { ProgramArgs } from "../../components/preflight.ts";
import { deploy } from "../../components/program.ts";
import { PlinthError } from "../../plan/findings.ts";
import { defineRole, file, secret, secretText, z } from "../../roles.ts";
import { factsOf, hostsOf, rawConfig, readingsOf, threeHosts } from "../support/cluster.ts";
import { answered, pinned, programArgs } from "../support/program.ts";
import { isSecret, plain, record } from "../support/recorder.ts";

const hosts = hostsOf();

const login = defineRole({
  name: "login",
  parameters: z.object({ user: z.string() }),
  plan: ({ parameters: { user } }) => [
    file("/etc/login", { content: secretText`${user}:${secret("login")}\n` }),
    file("/etc/motd", { content: user }),
  ],
});

/** The program of a stack whose second host has the role. */
function run(given: Partial<ProgramArgs> = {}, roles: string[] = ["login"]) {
  const args = programArgs({
    config: { ...rawConfig, parameters: { login: { user: "ann" } }, secrets: { login: "very-secret" } },
    roles: [login],
    inventory: pinned(threeHosts).map((host) => ({
      ...host,
      roles: [...host.roles, ...(host.name === "cp2" ? roles : [])],
    })),
    ...given,
  });
  return record(() => deploy(args), { state: answered });
}

describe("roles of the project", () => {
  it("are commands of the hosts that have them, with secrets in nothing but a secret input", async () => {
    const { registrations } = await run();
    const ofRoles = registrations.filter(({ name }) => name.endsWith("-role-login"));
    assert.deepEqual(
      ofRoles.map(({ type, name }) => `${type} ${name}`),
      ["plinth:role:Role cp2-role-login", "command:remote:Command cp2-role-login"],
    );
    const { create, stdin } = ofRoles[1]?.inputs ?? {};
    assert.match(
      String(plain(create)),
      /file \/etc\/motd 0644 root:root\n\|ann\nsecret \/etc\/login 0600 root:root\nend\n/,
    );
    assert.ok(isSecret(stdin));
    assert.match(String(plain(stdin)), /secret \/etc\/login\n\|ann:very-secret\n/);
    for (const { inputs } of registrations) {
      const open = Object.entries(inputs).filter(([key]) => key !== "stdin");
      for (const [, value] of open) assert.ok(!JSON.stringify(plain(value) ?? "").includes("very-secret"));
    }
  });

  it("are taken back from hosts that carry them and list them no more", async () => {
    const facts = factsOf("cp2", { bundles: { "role-login": { generation: 1, state: "complete" } } });
    const readings = new Map([...readingsOf(hosts), ["cp2", { facts }] as const]);
    const { registrations } = await run(
      { readHosts: () => Promise.resolve(readings), roles: [], config: rawConfig },
      [],
    );
    const command = registrations.find(
      ({ type, name }) => type === "command:remote:Command" && name === "cp2-role-login",
    );
    assert.match(String(plain(command?.inputs["create"])), /bundle role-login\ngeneration \d+\nend\n/);
  });

  it("are refused before anything is declared where a host is one on which they cannot be planned", async () => {
    const debian = defineRole({
      name: "login",
      plan: ({ facts: { family } }) => (family === "debian" ? [] : assert.fail("only for Debian")),
    });
    const facts = factsOf("cp2", { family: "rhel" });
    const readings = new Map([...readingsOf(hosts), ["cp2", { facts }] as const]);
    await assert.rejects(
      run({ roles: [debian], config: rawConfig, readHosts: () => Promise.resolve(readings) }),
      /cp2: the role login cannot be planned on a host of the family rhel: only for Debian; .* \[role-plan\]/,
    );
  });

  it("are refused before any host is touched where they are not right", async () => {
    await assert.rejects(run({ config: { ...rawConfig, secrets: { login: "very-secret" } } }), (error: unknown) => {
      assert.ok(error instanceof PlinthError);
      assert.match(error.message, /cp2: of the role login, the parameter user is missing; .* \[role-parameters\]/);
      return true;
    });
  });
});
