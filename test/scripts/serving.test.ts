import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { rosterCredentials } from "../../plan/rosteraccess.ts";
import { rosterScript } from "../../plan/scripts.ts";
import { eventually } from "../support/eventually.ts";
import { onHosts } from "./support/suite.ts";

onHosts("what approves the certificates with which kubelets serve", (host) => {
  it("ends after all of its commands: systemd may not hear of the end of one that outlives it", async () => {
    const [watching, ended] = [host().path("/watching"), host().path("/ended")];
    host().command(
      "kubectl",
      `case "$*" in *--watch*) trap '/bin/sleep 0.5; : >"${ended}"; exit 1' TERM; : >"${watching}"; /bin/sleep 20 & wait ;; esac`,
    );
    host().write(`${rosterCredentials}/host.conf`, "");
    host().write("/serving", rosterScript("serving").content);
    host().env = { ...host().env, NODE: "serving-certificates", DEADLINE: "5" };
    const run = host().runFile(host().path("/serving"), []);
    await eventually("requests are watched", 15, () => Promise.resolve(existsSync(watching) ? true : undefined));
    // As systemd stops a unit: each of its processes is told.
    process.kill(-Number(host().runningPid()), "SIGTERM");
    assert.equal((await run).code, 129);
    assert.ok(existsSync(ended));
  });
});
