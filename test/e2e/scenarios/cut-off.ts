import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parse, stringify } from "yaml";
import { eventually } from "../../support/eventually.ts";
import type { Project } from "../support/project.ts";

/** Settings of the lab that say how its hosts are reached. */
const ways = ["artifactsUrl", "sshUser", "sshPrivateKeyFile", "sshKnownHostsFile"];
/** Seconds within which a change has to be confirmed. */
const confirm = 20;
/** How long a host may take to return: the time to confirm, and twice the time that a slow machine takes for what it does then. */
const patience = confirm + 120;

const good = {
  wall: { rules: [{ ports: [22] }] },
  net: { addresses: ["10.27.0.31/24"], mtu: 1400 },
  door: { users: "root plinth *" },
};
type Parameters = typeof good;

/** Changes that cut the operator off from a machine, by its firewall, its network and its server of SSH: it takes them back by itself. */
export function cutOff(project: Project): void {
  describe("a machine that a change cuts off", () => {
    const write = (file: string, text: string): void => {
      writeFileSync(path.join(project.dir, file), text);
    };
    const host = { name: "m1", address: "10.27.0.31", roles: ["wall", "net", "door"] };
    const inventory = (roles: readonly string[]): void => {
      write("hosts/lab.ts", `export default ${JSON.stringify([{ ...host, roles }])};\n`);
    };
    const parameters = (changed: { [Role in keyof Parameters]?: unknown } = {}): void => {
      const { config } = parse(readFileSync(path.join(project.dir, "Pulumi.lab.yaml"), "utf8")) as {
        config: Record<string, unknown>;
      };
      const kept = Object.entries(config).filter(([key]) => ways.some((way) => key === `plinth:${way}`));
      const settings = { ...Object.fromEntries(kept), "plinth:parameters": { ...good, ...changed } };
      write("Pulumi.lab.yaml", stringify({ config: settings }));
    };
    const told = async (script: string): Promise<string> => (await project.read("m1", script)).trim();
    const walls = "nft list chain inet plinth_host input";
    const quiet = async (): Promise<void> => {
      await project.expect(0, "up", "--yes", "--expect-no-changes");
      assert.match((await project.expect(0, "status")).text, /Everything is healthy/);
    };
    /** The host can be reached, and no change of it waits. */
    const returned = (): Promise<string> =>
      eventually("the host has returned", patience, async () => {
        const { code, stdout } = await project.onHost(
          "m1",
          "ls /var/lib/plinth/bundles/*/return 2>/dev/null; uptime -s",
        );
        return code === 0 && !stdout.includes("/return") ? stdout : undefined;
      });
    /** A change that cuts the host off: the run fails and says why, the host is as it was, and a right change is made. */
    const refused = async (changed: { [Role in keyof Parameters]?: unknown }, look: string): Promise<void> => {
      const before = await told(look);
      parameters(changed);
      const { text } = await project.expect(1, "up", "--yes");
      assert.match(text, /nobody has reached this host anew within 20 s of the change, so the host has returned/);
      await returned();
      assert.equal(await told(look), before);
      assert.match((await project.plinth("status")).text, /so the host has returned to what it was before/);
      parameters();
      await project.expect(0, "up", "--yes");
      assert.equal(await told(look), before);
      await quiet();
    };

    before(async () => {
      await project.expect(0, "lab", "down");
      write(
        "roles/index.ts",
        `import { defineRole, file, firewall, network, z } from "plinth/roles";
const wall = defineRole({
  name: "wall",
  confirm: ${confirm},
  parameters: z.object({ rules: z.array(z.object({ ports: z.array(z.int()) })) }),
  plan: ({ parameters }) => [firewall(parameters.rules)],
});
const net = defineRole({
  name: "net",
  confirm: ${confirm},
  parameters: z.object({ addresses: z.array(z.string()), mtu: z.int() }),
  plan: ({ parameters }) => [network("host0", { manager: "networkd", ...parameters })],
});
const door = defineRole({
  name: "door",
  confirm: ${confirm},
  parameters: z.object({ users: z.string() }),
  plan: ({ parameters }) => [
    file("/etc/ssh/sshd_config.d/door.conf", { content: \`AllowUsers \${parameters.users}\`, validate: "sshd -t -f %", reload: "ssh.service" }),
  ],
});
export const roles = [wall, net, door];
`,
      );
      inventory([]);
      parameters();
      await project.expect(0, "lab", "up");
      inventory(host.roles);
    });
    after(async () => {
      await project.expect(0, "lab", "down");
      for (const file of ["hosts/lab.ts", "Pulumi.lab.yaml", "roles/index.ts"]) project.restore(file);
    });

    it("stays where it can be reached", async () => {
      const { text } = await project.expect(0, "up", "--yes");
      assert.match(text, /role-wall\.confirm on m1/);
      assert.match(await told(walls), /policy drop;[^]*tcp dport 22 accept/);
      assert.match(await told("ip -o link show host0; ip -4 -o address show host0"), /mtu 1400 [^]*10\.27\.0\.31\/24/);
      await quiet();
    });

    it("is let in again by the firewall that it had", () => refused({ wall: { rules: [{ ports: [2222] }] } }, walls));

    it("has the address again that it had", () =>
      refused(
        { net: { ...good.net, addresses: ["203.0.113.7/24"] } },
        "ip -4 -o address show host0 | grep -o 'inet [^ ]*'",
      ));

    it("has the server of SSH again that lets the operator in", () =>
      refused({ door: { users: "nobody" } }, "sshd -T | grep -i allowusers"));

    it("returns from a run that was killed before it said that the change stays", async () => {
      const before = await told(walls);
      parameters({ wall: { rules: [{ ports: [22, 80] }] } });
      const child = project.start("up", "--yes");
      await eventually("the rules have changed", 60, async () => ((await told(walls)) === before ? undefined : true));
      assert.ok(child.pid !== undefined);
      process.kill(-child.pid, "SIGKILL");
      await returned();
      const now = await told(walls);
      // The word may have come before the kill.
      if (now !== before) assert.match(now, /tcp dport \{ 22, 80 \}/);
      await project.expect(0, "up", "--yes");
      assert.match(await told(walls), /tcp dport \{ 22, 80 \}/);
      parameters();
      await project.expect(0, "up", "--yes");
      await quiet();
    });

    it("returns after a boot", async () => {
      const before = await told(walls);
      parameters({ wall: { rules: [{ ports: [2222] }] } });
      const running = project.plinth("up", "--yes");
      await eventually("it is cut off", 60, async () =>
        (await project.onHost("m1", "true")).code === 0 ? undefined : true,
      );
      await project.expect(0, "lab", "kill", "m1");
      await project.expect(0, "lab", "start", "m1");
      assert.notEqual((await running).code, 0);
      await returned();
      assert.equal(await told(walls), before);
      parameters();
      await project.expect(0, "up", "--yes");
      await quiet();
    });

    it("has its firewall again where somebody has flushed all rules", async () => {
      await told("nft flush ruleset");
      assert.match((await project.expect(4, "drift")).text, /plinth-firewall/);
      await project.expect(0, "up", "--yes", "--heal");
      assert.match(await told(walls), /tcp dport 22 accept/);
      await quiet();
    });

    it("is as it was before, without these roles", async () => {
      inventory([]);
      await project.expect(0, "up", "--yes");
      assert.equal(await told("nft list tables | grep plinth || true"), "");
      await told(
        "test ! -e /etc/ssh/sshd_config.d/door.conf && test ! -e /etc/plinth && ! ls /etc/systemd/network/*plinth*",
      );
      await quiet();
    });
  });
}
