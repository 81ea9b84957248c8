import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parse, stringify } from "yaml";
import { selfSigned } from "../../support/certificates.ts";
import { eventually } from "../../support/eventually.ts";
import type { Project } from "../support/project.ts";

const names = ["m1", "m2"] as const;
/** Settings of the lab that say how its hosts are reached. */
const ways = ["artifactsUrl", "sshUser", "sshPrivateKeyFile", "sshKnownHostsFile"];

/** A stack of machines without a cluster, from nothing to nothing. Its lab offers packages. */
export function machines(project: Project): void {
  describe("a stack of machines", () => {
    const write = (file: string, text: string): void => {
      writeFileSync(path.join(project.dir, file), text);
    };
    /** Who has which roles, and the stack's parameters. */
    const stack = (
      roles: Record<(typeof names)[number], string[]>,
      parameters: Record<string, unknown>,
      secrets: Record<string, string> = {},
    ): void => {
      const hosts = names.map((name, index) => ({ name, address: `10.27.0.3${index + 1}`, roles: roles[name] }));
      write("hosts/lab.ts", `export default ${JSON.stringify(hosts)};\n`);
      const { config } = parse(readFileSync(path.join(project.dir, "Pulumi.lab.yaml"), "utf8")) as {
        config: Record<string, unknown>;
      };
      const kept = Object.entries(config).filter(([key]) => ways.some((way) => key === `plinth:${way}`));
      const settings = { "plinth:parameters": parameters, "plinth:secrets": secrets };
      write("Pulumi.lab.yaml", stringify({ config: { ...Object.fromEntries(kept), ...settings } }));
    };
    const projectRoles = (greeting: string): void => {
      write(
        "roles/index.ts",
        `import { defineRole, directory, file, packageInstalled, secret, shipped, unit, z } from "plinth/roles";
const greeting = defineRole({
  name: ${JSON.stringify(greeting)},
  parameters: z.object({ text: z.string() }),
  plan: ({ parameters }) => [file("/etc/motd", { content: parameters.text })],
});
const collector = defineRole({
  name: "collector",
  parameters: z.object({ certificate: z.string() }),
  plan: ({ parameters: { certificate } }) => [
    packageInstalled("systemd-journal-remote"),
    directory("/var/log/collected", { owner: "systemd-journal-remote:systemd-journal-remote" }),
    file("/etc/collector/server.pem", { content: certificate }),
    file("/etc/collector/server.key", { content: secret("collector"), mode: "0640", owner: "root:systemd-journal-remote" }),
    unit("collector.service", \`[Service]
User=systemd-journal-remote
ExecStart=/lib/systemd/systemd-journal-remote --listen-https=19532 --output=/var/log/collected --split-mode=host --key=/etc/collector/server.key --cert=/etc/collector/server.pem
[Install]
WantedBy=multi-user.target\`),
  ],
});
export const roles = [greeting, collector, shipped.accounts, shipped.logs, shipped.time];
`,
      );
    };
    const told = async (host: string, script: string): Promise<string> => (await project.read(host, script)).trim();
    const quiet = async (): Promise<void> => {
      await project.expect(0, "up", "--yes", "--expect-no-changes");
    };
    let motd = "";

    before(async () => {
      await project.expect(0, "lab", "down");
      projectRoles("greeting");
      const [server, client] = [selfSigned("IP:10.27.0.32"), selfSigned("DNS:m1")];
      stack(
        { m1: ["greeting", "accounts", "time", "logs"], m2: ["greeting", "collector"] },
        {
          collector: { certificate: server.certificate },
          logs: {
            collector: "https://10.27.0.32:19532",
            authority: server.certificate,
            certificate: client.certificate,
            key: "uploader",
          },
          greeting: { text: "ours" },
          time: { servers: ["192.0.2.1"] },
          accounts: { users: { ann: { keys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI ann"], sudo: "yes" } } },
        },
        { collector: server.key, uploader: client.key },
      );
      await project.expect(0, "lab", "up", "--like", "packages");
      motd = await told("m1", "cat /etc/motd");
    });
    after(async () => {
      await project.expect(0, "lab", "down");
      for (const file of ["hosts/lab.ts", "Pulumi.lab.yaml", "roles/index.ts"]) project.restore(file);
    });

    it("comes from nothing, with nothing of a cluster", async () => {
      await project.expect(0, "up", "--yes");
      await quiet();
      assert.match((await project.expect(0, "status")).text, /Everything is healthy/);
      assert.equal(await told("m1", "cat /etc/motd; systemctl is-active chrony"), "ours\nactive");
      await project.read("m1", "test ! -e /etc/kubernetes && test ! -e /var/lib/etcd && test ! -e /opt/plinth/bin");
    });

    // Whether it asks who sends is not up to the sender: that of Debian is built without.
    it("sends the journal to a collector that its authority vouches for", async () => {
      await project.read("m1", "echo a line of m1 | systemd-cat -t line");
      await eventually("the collector has it", 60, async () =>
        (await told("m2", "journalctl --directory=/var/log/collected --output=cat -t line")) === "a line of m1"
          ? true
          : undefined,
      );
    });

    it("is healed where somebody has changed it", async () => {
      await project.read(
        "m1",
        "echo theirs >/etc/motd; systemctl stop chrony; rm /etc/sudoers.d/plinth-ann; echo x >>~ann/.ssh/authorized_keys",
      );
      const { text } = await project.expect(4, "drift");
      for (const line of [/role-greeting/, /\/etc\/motd/, /plinth-ann/, /authorized +ann/, /chrony\.service/])
        assert.match(text, line);
      await project.expect(0, "up", "--yes", "--heal");
      await project.expect(0, "drift");
    });

    it("runs commands by hand, and leaves none behind when it is killed", async () => {
      const { text } = await project.expect(1, "run", "--", "sh", "-c", "test $(hostname) = m1");
      assert.match(text, /m1: exit code 0[^]*m2: exit code 1/);
      const child = project.start("run", "--root", "--", "sleep", "4321");
      const running = (host: string): Promise<string> => told(host, "pgrep -fx 'sleep 4321' | wc -l");
      await eventually("it runs on both", 30, async () =>
        (await Promise.all(names.map(running))).every((count) => count === "1") ? true : undefined,
      );
      assert.ok(child.pid !== undefined);
      process.kill(-child.pid, "SIGKILL");
      await eventually("it runs nowhere", 30, async () =>
        (await Promise.all(names.map(running))).every((count) => count === "0") ? true : undefined,
      );
    });

    it("takes roles back before others come, one under a new name included", async () => {
      projectRoles("welcome");
      stack({ m1: ["welcome"], m2: ["welcome"] }, { welcome: { text: "ours" } });
      await project.expect(0, "up", "--yes");
      await quiet();
      assert.equal(await told("m1", "cat /etc/motd"), "ours");
      assert.equal(await told("m1", "getent shadow ann | cut -d : -f 8"), "1");
      await project.read("m1", "test ! -e /etc/sudoers.d/plinth-ann && ! command -v chronyd");
    });

    it("goes, and leaves what was there before", async () => {
      await project.expect(0, "destroy", "--yes");
      assert.equal(await told("m1", "cat /etc/motd"), motd);
      await project.read("m1", "test ! -e /var/lib/plinth && test ! -e /usr/local/lib/plinth");
    });
  });
}
