import assert from "node:assert/strict";
import { join } from "node:path";
import { onHosts } from "./support/suite.ts";

const script = join(import.meta.dirname, "../../scripts/host/network-managers.sh");

onHosts("what manages the network of a host", (host) => {
  const run = async (active: readonly string[], refusal = ""): Promise<{ code: number | null; asked: string[] }> => {
    const file = host().path("/asked");
    const known = active.map((unit) => `*"is-active ${unit}.service"*) exit 0 ;;`).join(" ");
    host().command(
      "systemctl",
      `case "$*" in ${known} *is-active*) exit 3 ;; esac; echo "systemctl $*" >>'${file}'; test "$*" != '${refusal}'`,
    );
    host().command("networkctl", `echo "networkctl $*" >>'${file}'; test "$*" != '${refusal}'`);
    host().write("/asked", "");
    const { code } = await host().runFile(script, []);
    return { code, asked: host().read("/asked").split("\n").filter(Boolean) };
  };

  it("reads again what it leaves alone, and is not restarted", async () => {
    assert.deepEqual(await run(["NetworkManager", "systemd-networkd"]), {
      code: 0,
      asked: ["systemctl reload NetworkManager.service", "networkctl reload"],
    });
  });

  it("is asked only where it runs", async () => {
    assert.deepEqual(await run([]), { code: 0, asked: [] });
    assert.deepEqual(await run(["systemd-networkd"]), { code: 0, asked: ["networkctl reload"] });
    assert.deepEqual((await run(["NetworkManager"])).asked, ["systemctl reload NetworkManager.service"]);
  });

  it("fails the step when it does not read", async () => {
    assert.equal((await run(["NetworkManager"], "reload NetworkManager.service")).code, 1);
    assert.equal((await run(["systemd-networkd"], "reload")).code, 1);
  });
});
