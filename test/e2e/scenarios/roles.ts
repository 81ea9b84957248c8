import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { selfSigned } from "../../support/certificates.ts";
import type { Project } from "../support/project.ts";

const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI ann@example.com";
/** Those that are tried with every run of the tests, and those that take longer: packages, which the lab has to offer, and a host that is cut off. */
const plain = ["ssh", "accounts", "trust", "logs"] as const;
const thorough = ["time", "updates", "storage", "firewall"] as const;
/** Of loop devices, which all hosts of this machine have together, one that others hardly take. */
const disk = { number: 47, device: "/dev/loop47", image: "/var/lib/disk" };

/** How thoroughly they are tried. */
interface Depth {
  /** Whether all of them are tried: the lab's hosts are made to offer their packages. */
  all: boolean;
  /** How often runs are killed. */
  kills: number;
}

/** Roles that ship, on a host that carries nothing yet, and carries nothing afterwards. */
export function roles(project: Project, { all, kills }: Depth): void {
  describe("roles on a host", () => {
    const names = all ? [...plain, ...thorough] : plain;

    before(async () => {
      const parameters = {
        ...(all
          ? { time: { servers: ["192.0.2.1"] }, storage: { mounts: { "/srv/data": { device: disk.device } } } }
          : {}),
        ssh: { allowUsers: ["ann"], userAuthorities: [key] },
        accounts: {
          groups: { staff9: null },
          users: { ann: { keys: [key], sudo: "yes", groups: ["staff9"] }, bob: {} },
        },
        trust: {
          authorities: { corp: selfSigned("DNS:ca.example.com").certificate },
          proxy: "http://proxy.example.com:3128",
        },
      };
      writeFileSync(
        path.join(project.dir, "roles/index.ts"),
        `import { shipped } from "plinth/roles";\nexport const roles = [${names.map((name) => `shipped.${name}`).join(", ")}];\n`,
      );
      const listed = ["worker", ...names].map((name) => JSON.stringify(name)).join(", ");
      project.edit(
        "hosts/lab.ts",
        'roles: ["worker"], region: "lab", zone: "a"',
        `roles: [${listed}], parameters: ${JSON.stringify(parameters)}, region: "lab", zone: "a"`,
      );
      await project.expect(0, "lab", "up", ...(all ? ["--like", "packages"] : []));
      if (all)
        await project.read(
          "w1",
          `truncate -s 64M ${disk.image} && mknod ${disk.device} b 7 ${disk.number} && losetup ${disk.device} ${disk.image}`,
        );
    });
    after(async () => {
      if (all) await project.read("w1", `losetup -d ${disk.device} && rm ${disk.device} ${disk.image}`);
      project.restore("roles/index.ts");
      project.restore("hosts/lab.ts");
    });

    it("come, stay, are healed and go, also where runs are killed on their way", async () => {
      const { stdout } = await project.expect(0, "test", "roles", "--kills", String(kills));
      for (const name of names) assert.match(stdout, new RegExp(`^${name} on w1$`, "m"));
      assert.equal(stdout.match(/leaves the host as it was/g)?.length, names.length * (kills + 1));
      assert.match(stdout, /All of them came, stayed and went\.\n$/);
      await project.read("w1", "test ! -e /var/lib/plinth && test ! -e /usr/local/lib/plinth/plinth-host");
    });
  });
}
