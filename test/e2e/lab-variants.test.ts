import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sshCommand } from "../../lab/identity.ts";
import { Lab, LabError, type LabHost } from "../../lab/index.ts";
import { tryRun } from "../../lab/run.ts";
import type { VariantName } from "../../lab/variants.ts";
import { stopAtFirstFailure } from "../support/inOrder.ts";

const controlPlane: LabHost = { name: "lab1", address: "10.27.0.11" };
const worker: LabHost = { name: "lab2", address: "10.27.0.21" };
const like = ["resolved", "forward-drop", "proxied", "small-mtu", "two-subnets"] satisfies VariantName[];

// Everything at once that does not contradict itself, on hosts of a lab of the test's own.
describe("lab hosts like those in the field", function () {
  this.timeout(900_000);
  stopAtFirstFailure(this);

  const environment = process.env["XDG_STATE_HOME"];
  let directory: string;
  let lab: Lab;
  const read = async (host: LabHost, command: string): Promise<string> => {
    const login = sshCommand(lab.paths.ssh, "plinth", host.address, 5);
    const result = await tryRun([...lab.enter, ...login, command]);
    assert.equal(result.code, 0, `${command}: ${result.stdout}${result.stderr}`);
    return result.stdout.trim();
  };
  const both = async (check: (host: LabHost) => Promise<void>): Promise<void> => {
    for (const host of [controlPlane, worker]) await check(host);
  };

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "plinth-like-"));
    process.env["XDG_STATE_HOME"] = join(directory, "state");
    lab = new Lab({
      projectDir: directory,
      hosts: [controlPlane, worker],
      subnet: "10.27.0.0/24",
      podCidr: "10.28.0.0/16",
      gateway: "10.27.0.1",
      user: "plinth",
    });
    await lab.up(like);
  });
  after(async () => {
    await lab.down();
    if (environment === undefined) delete process.env["XDG_STATE_HOME"];
    else process.env["XDG_STATE_HOME"] = environment;
    await rm(directory, { recursive: true });
  });

  it("boot with all units, and stay what they are", async () => {
    await both(async (host) => {
      assert.equal(await read(host, "systemctl --failed --plain --no-legend"), "");
    });
    assert.deepEqual(
      (await lab.status()).map((host) => host.like),
      [like, like],
    );
    await assert.rejects(lab.up(["debian-13"]), (error) => error instanceof LabError && /lab down/.test(error.message));
  });

  it("ask systemd-resolved, which knows other name servers than itself", async () => {
    await both(async (host) => {
      const servers = (file: string): Promise<string> => read(host, `sed -n 's/^nameserver //p' ${file}`);
      assert.equal(await servers("/etc/resolv.conf"), "127.0.0.53");
      assert.match(await servers("/run/systemd/resolve/resolv.conf"), /^10\.27\.0\.1(7)?$/);
    });
  });

  it("have a firewall that drops what is forwarded, but for pods", async () => {
    await both(async (host) => {
      const chain = await read(host, "sudo nft list chain inet filter forward");
      assert.match(chain, /policy drop;/);
      assert.match(chain, /ip saddr 10\.28\.0\.0\/16 accept/);
    });
  });

  it("tell root of a proxy that does not answer", async () => {
    await both(async (host) => {
      assert.match(await read(host, "sudo env"), /^https_proxy=http:/m);
      const url = "http://127.0.0.1:1/";
      assert.match(await read(host, `sudo curl -sS ${url} 2>&1 || :`), /192\.0\.2\.1/);
    });
  });

  it("reach each other by a router, with packets of 1400 bytes and no longer ones, and nobody else", async () => {
    const sizes = await read(
      controlPlane,
      `for size in 1372 1373; do if sudo ping -q -c 1 -W 5 -M do -s $size ${worker.address} >/dev/null 2>&1; then echo $size; fi; done`,
    );
    assert.equal(sizes, "1372");
    assert.match(await read(controlPlane, `ip route get ${worker.address}`), /via 10\.27\.0\.1 /);
    assert.match(await read(worker, `ip route get ${controlPlane.address}`), /via 10\.27\.0\.17 /);
    assert.equal(await read(worker, "ip route show default"), "");
  });

  it("are so again with a fresh disk", async () => {
    await lab.wipe(worker.name);
    assert.match(await read(worker, "ip link show host0"), / mtu 1400 /);
    assert.match(await read(worker, "sudo env"), /^HTTP_PROXY=/m);
    assert.equal(await read(worker, "readlink /etc/resolv.conf"), "../run/systemd/resolve/stub-resolv.conf");
  });
});
