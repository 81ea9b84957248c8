import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { planCluster } from "../../plan/bundles/index.ts";
import { configOf, hostsOf } from "../support/cluster.ts";
import { eventually } from "../support/eventually.ts";
import { shells } from "./support/fake-host.ts";

const kubelet = "/opt/plinth/bin/kubelet";
const kubeconfig = "/var/lib/kubelet/kubeconfig";

/** The script that the kubelet's unit starts, as systemd reads it out of the line, and the command that it is given. */
function startScript(): string {
  const planned = planCluster(hostsOf(), configOf()).find(({ bundle }) => bundle.name === "node");
  assert.ok(planned);
  const unit = planned.bundle.files.find(({ path }) => path.endsWith("/kubelet.service"));
  const [, script] = /ExecStart=\/bin\/sh -c '([^']*)' \\\n/.exec(unit?.content ?? "") ?? [];
  assert.ok(script);
  return script.replaceAll("\\\\", "\\").replaceAll("$$", "$");
}

/** A kubelet that only joins when it is told a runtime that is not there, and then waits for a file `joined`; else it works on. */
const fake = (dir: string): string => `#!/bin/sh
case "$*" in *no-runtime.sock*) role=joins ;; *) role=works ;; esac
echo "$$" >"${dir}/$role"
trap 'echo ended >>"${dir}/$role"; exit' TERM
while [ -d "${dir}" ] && { [ $role = works ] || ! [ -e "${dir}/joined" ]; }; do sleep 0.02; done
if [ -d "${dir}" ]; then : >"${dir}/kubeconfig"; fi
`;

describe("the start of a kubelet", function () {
  this.timeout(20_000);
  for (const shell of shells) {
    describe(`by ${shell}`, () => {
      let dir = "";
      let child: ChildProcess;
      const file = (name: string): string => join(dir, name);
      const says = (name: string): string => (existsSync(file(name)) ? readFileSync(file(name), "utf8") : "");
      const started = (name: string) =>
        eventually(`a kubelet that ${name}`, 10, () =>
          Promise.resolve(says(name).endsWith("\n") ? says(name) : undefined),
        );
      const start = (): void => {
        const script = startScript().replaceAll(kubelet, file("kubelet")).replaceAll(kubeconfig, file("kubeconfig"));
        child = spawn(shell, ["-c", script, file("kubelet"), "--config=x"], { stdio: "ignore" });
      };

      beforeEach(() => {
        dir = mkdtempSync(join(tmpdir(), "plinth-kubelet-"));
        writeFileSync(file("kubelet"), fake(dir));
        chmodSync(file("kubelet"), 0o755);
      });
      afterEach(() => {
        child.kill("SIGKILL");
        // One that was left behind ends with its folder.
        rmSync(dir, { recursive: true, force: true });
      });

      it("gets a certificate first, and becomes the kubelet then", async () => {
        start();
        await started("joins");
        assert.equal(says("works"), "");
        writeFileSync(file("joined"), "");
        assert.equal(Number(await started("works")), child.pid, "the process that systemd watches");
      });

      it("needs none where there is one", async () => {
        writeFileSync(file("kubeconfig"), "");
        start();
        assert.equal(Number(await started("works")), child.pid);
        assert.equal(says("joins"), "");
      });

      it("takes the kubelet that asks along when it is stopped", async () => {
        start();
        await started("joins");
        child.kill("SIGTERM");
        await once(child, "exit");
        assert.match(says("joins"), /ended\n$/);
        assert.equal(says("works"), "");
      });
    });
  }
});
