import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { rosterCredentials } from "../../plan/rosteraccess.ts";
import { rosterScript } from "../../plan/scripts.ts";
import { eventually } from "../support/eventually.ts";
import type { FakeHost } from "./support/fake-host.ts";
import { onHosts } from "./support/suite.ts";

const ofHosts = join(import.meta.dirname, "../../scripts/host");

/** A command that takes a while to end when it is told to, and says when it runs and when it has ended. */
function slow(host: FakeHost, name: string, only = "*"): { runs: string; ended: string } {
  const [runs, ended] = [host.path("/runs"), host.path("/ended")];
  const text = `trap '/bin/sleep 0.5; : >"${ended}"; exit 1' TERM; : >"${runs}"; /bin/sleep 20 & wait`;
  host.command(name, `case "$*" in ${only}) ${text} ;; esac`);
  return { runs, ended };
}

onHosts(
  "units that run for ever end after all of their commands, told as by systemd, which tells every process:",
  (host) => {
    async function stopped(script: string, args: string[], code: number, { runs, ended }: ReturnType<typeof slow>) {
      const run = host().runFile(script, args);
      await eventually("its command runs", 15, () => Promise.resolve(existsSync(runs) ? true : undefined));
      process.kill(-Number(host().runningPid()), "SIGTERM");
      assert.equal((await run).code, code);
      assert.ok(existsSync(ended));
    }

    it("what approves the certificates with which kubelets serve", async () => {
      const watch = slow(host(), "kubectl", "*--watch*");
      host().write(`${rosterCredentials}/host.conf`, "");
      host().write("/serving", rosterScript("serving").content);
      host().env = { ...host().env, NODE: "serving-certificates", DEADLINE: "5" };
      await stopped(host().path("/serving"), [], 129, watch);
    });

    it("what brings rules back", async () => {
      host().write("/list", "");
      await stopped(join(ofHosts, "rule-sets.sh"), ["follow", host().path("/list")], 0, slow(host(), "sleep"));
    });

    it("the log of connections", async () => {
      host().write("/log/x", "");
      const args = ["follow", host().path("/log"), "192.0.2.10:6443", "30", "100", "100"];
      host().command("journalctl", ":");
      host().command("ss", ":");
      await stopped(join(ofHosts, "connections.sh"), args, 0, slow(host(), "sleep"));
    });
  },
);
