/** A firewall flushes the rules of kube-proxy: they are missed, told, and come back. */

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "../support/eventually.ts";

const script = join(import.meta.dirname, "../../scripts/host/rule-sets.sh");
const list = "kube-proxy.service ip kube-proxy nat-prerouting\nflanneld.service ip flannel-ipv4 postrtg\n";
const chain = (table: string, rules: string) =>
  `table ip ${table} {\n\tchain c {\n\t\tcomment "of a service"\n\t\ttype nat hook prerouting priority dstnat; policy accept;\n${rules}\t}\n}\n`;

for (const shell of ["dash", "bash"]) {
  describe(`rule-sets (${shell})`, () => {
    let folder: string;
    const path = (name: string) => join(folder, name);
    const env = () => ({
      ...process.env,
      PATH: `${folder}:${process.env["PATH"] ?? ""}`,
      PLINTH_RULES_SECONDS: "0.05",
      PLINTH_RULES_CONFIRM: "0.02",
    });
    const command = (name: string, text: string): void => {
      writeFileSync(path(name), `#!/bin/sh\n${text}\n`);
      chmodSync(path(name), 0o755);
    };
    const rules = (table: string, text: string): void => {
      writeFileSync(path(`table-${table}`), chain(table, text));
    };
    const gone = (): string[] => {
      const text = execFileSync(shell, [script, "gone", path("list")], { env: env(), encoding: "utf8" });
      return text.split("\n").filter((line) => line !== "");
    };

    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), "plinth-rules-"));
      writeFileSync(path("list"), list);
      rules("kube-proxy", "\t\tjump services\n");
      rules("flannel-ipv4", "\t\tip saddr 10.244.0.0/16 masquerade fully-random\n");
      command(
        "nft",
        `[ ! -e ${path("broken")} ] || { echo "Error: Operation not permitted" >&2; exit 1; }
[ -e ${path("table-")}"$4" ] || { echo "Error: No such file or directory" >&2; exit 1; }
cat ${path("table-")}"$4"`,
      );
      // A service that is started writes its rules.
      command(
        "systemctl",
        `case $1-$2 in
show---property=ActiveState) cat ${path("state")} ;;
show-*) echo 1 ;;
restart-*) echo "$2" >>${path("restarted")}; printf 'table ip kube-proxy {\\nchain c {\\njump services\\n}\\n}\\n' >${path("table-kube-proxy")} ;;
esac`,
      );
      writeFileSync(path("state"), "active\n");
    });
    afterEach(() => {
      rmSync(folder, { recursive: true });
    });

    it("tells nothing while all are there, or where nobody can tell", () => {
      assert.deepEqual(gone(), []);
      rmSync(path("table-kube-proxy"));
      writeFileSync(path("broken"), "");
      assert.deepEqual(gone(), []);
    });

    it("tells tables that are gone, and chains without a rule", () => {
      rmSync(path("table-kube-proxy"));
      rules("flannel-ipv4", "");
      assert.deepEqual(gone(), list.trimEnd().split("\n"));
    });

    async function following(use: () => Promise<void>): Promise<string> {
      const child = spawn(shell, [script, "follow", path("list")], {
        env: env(),
        stdio: ["ignore", "pipe", "inherit"],
      });
      let said = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
      try {
        await use();
      } finally {
        const ended = once(child, "exit");
        child.kill();
        await ended;
      }
      return said;
    }
    const restarted = () => (existsSync(path("restarted")) ? readFileSync(path("restarted"), "utf8") : "");

    it("restarts the service whose rules are gone, once", async () => {
      const said = await following(async () => {
        rmSync(path("table-kube-proxy"));
        await eventually("a restart", 20, () => Promise.resolve(restarted() === "" ? undefined : true));
        await eventually("its rules", 10, () => Promise.resolve(gone().length === 0 ? true : undefined));
      });
      assert.match(said, /the rules of kube-proxy\.service are gone \(table ip kube-proxy\)/);
      assert.equal(restarted(), "kube-proxy.service\n");
    });

    it("leaves a service alone that somebody has stopped", async () => {
      writeFileSync(path("state"), "inactive\n");
      rmSync(path("table-kube-proxy"));
      rmSync(path("table-flannel-ipv4"));
      command("sleep", `echo >>${path("slept")}; exec /bin/sleep "$@"`);
      await following(async () => {
        await eventually("three looks", 20, () =>
          Promise.resolve(
            existsSync(path("slept")) && readFileSync(path("slept"), "utf8").length >= 3 ? true : undefined,
          ),
        );
      });
      assert.equal(restarted(), "");
    });
  });
}
