import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import path from "node:path";
import { fingerprint } from "../support/hosts.ts";
import type { Project } from "../support/project.ts";
import { healthy } from "../support/status.ts";

/** Input and hosts that are wrong: clear sentences, all at once, and nothing is touched. */
export function badInput(project: Project): void {
  describe("bad input", () => {
    let before = "";

    afterEach(() => {
      project.restore("hosts/lab.ts");
      project.restore("Pulumi.lab.yaml");
    });

    const untouched = async () => {
      project.restore("hosts/lab.ts");
      project.restore("Pulumi.lab.yaml");
      assert.equal(await fingerprint(project), before);
    };

    it("in the inventory and the configuration is reported in one go", async () => {
      before = await fingerprint(project);
      project.edit("hosts/lab.ts", `name: "cp2", address: "10.27.0.12"`, `name: "cp1", address: "10.27.0.13"`);
      project.edit(
        "hosts/lab.ts",
        `] satisfies`,
        `  { name: "cp4", address: "10.27.0.14", roles: ["etcd"] },\n] satisfies`,
      );
      project.configure("vip", "10.99.0.10");
      project.configure("podCidr", "10.29.0.0/20");
      project.configure("flavour", "x");
      const { text } = await project.expect(2, "up", "--yes");
      for (const sentence of [
        /name cp1 stands 2 times/,
        /address 10\.27\.0\.13 belongs to 2 hosts/,
        /4 hosts have the role etcd/,
        /plinth:flavour is unknown/,
        /vip 10\.99\.0\.10 is not in plinth:nodeSubnet/,
        /podCidr 10\.29\.0\.0\/20 and plinth:serviceCidr 10\.29\.0\.0\/16 overlap/,
      ]) {
        assert.match(text, sentence);
      }
      project.restore("hosts/lab.ts");
      project.restore("Pulumi.lab.yaml");
      project.configure("vip", "10.27.0.12");
      assert.match((await project.expect(2, "up", "--yes")).text, /10\.27\.0\.12 is plinth:vip and the address of cp2/);
      await untouched();
    });

    it("a wrong SSH key is refused by every host, and said for every host", async () => {
      execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", path.join(project.dir, "wrong")]);
      project.configure("sshPrivateKeyFile", path.join(project.dir, "wrong"));
      const { text } = await project.expect(2, "preview");
      for (const host of ["cp1", "cp2", "cp3"]) assert.match(text, new RegExp(`${host}: .*host-auth`));
      await untouched();
    });

    it("a changed host key shows both fingerprints and sends nothing", async () => {
      project.edit(
        "hosts/lab.ts",
        `{ name: "cp2", `,
        `{ name: "cp2", hostKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO8yV5QmXlYQ9pTzC7kB8w1pTnq2s0Hn6g0ZbQ1m3u5Z", `,
      );
      const { text } = await project.expect(2, "preview");
      assert.match(text, /cp2: /);
      assert.equal(new Set(text.match(/SHA256:[A-Za-z0-9+/]{43}/g)).size, 2, text);
      await untouched();
    });

    it("a user without sudo, together with an unreachable host", async () => {
      await project.read(
        "cp3",
        "useradd -m nosudo && cp -r /home/plinth/.ssh /home/nosudo/ && chown -R nosudo /home/nosudo/.ssh",
      );
      await project.expect(0, "lab", "kill", "cp2");
      try {
        project.edit("hosts/lab.ts", `{ name: "cp3", `, `{ name: "cp3", user: "nosudo", `);
        const { text } = await project.expect(2, "preview");
        assert.match(text, /cp3: the user nosudo cannot become root without a password/);
        assert.match(text, /cp2: .*10\.27\.0\.12/);
        assert.match(text, /bring the host up, or correct its address/);
      } finally {
        project.restore("hosts/lab.ts");
        await project.expect(0, "lab", "start", "cp2");
        await project.read("cp3", "userdel -r nosudo 2>/dev/null; ! id nosudo 2>/dev/null");
      }
      await healthy(project, 120);
    });
  });
}
