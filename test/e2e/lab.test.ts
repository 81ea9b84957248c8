import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Lab, LabError, type LabHost, type LabHostStatus } from "../../lab/index.ts";
import { sshCommand } from "../../lab/identity.ts";
import { poll } from "../../lab/poll.ts";
import { tryRun } from "../../lab/run.ts";
import { stopAtFirstFailure } from "../support/inOrder.ts";

const first: LabHost = { name: "lab1", address: "10.27.0.11" };
const second: LabHost = { name: "lab2", address: "10.27.0.12" };
const execute = promisify(execFile);

// Real hosts on this machine, in a lab of their own: directories, keys and namespace are the test's, only the cache of base
// images is shared. The tests build on each other's host, because a boot costs seconds.
describe("lab on this machine", function () {
  this.timeout(600_000);
  stopAtFirstFailure(this);

  const environment = process.env["XDG_STATE_HOME"];
  let directory: string;
  let told: string[] = [];
  let lab: Lab;

  const makeLab = (): Lab =>
    new Lab({
      projectDir: directory,
      hosts: [first],
      subnet: "10.27.0.0/24",
      podCidr: "10.28.0.0/16",
      gateway: "10.27.0.1",
      user: "plinth",
      onProgress: (line) => told.push(line),
    });
  /** Runs a command on a host as the operator would; SSH failing is an answer (255) too. */
  const ssh = async (
    host: LabHost,
    command: string,
  ): Promise<{ code: number | null; stdout: string; stderr: string }> =>
    tryRun([...lab.enter, ...sshCommand(lab.paths.ssh, "plinth", host.address, 2), command]);
  const read = async (host: LabHost, command: string): Promise<string> => {
    const result = await ssh(host, command);
    assert.equal(result.code, 0, `${command}: ${result.stdout}${result.stderr}`);
    return result.stdout.trim();
  };
  const status = async (host: LabHost = first): Promise<LabHostStatus> => {
    const found = (await lab.status()).find((candidate) => candidate.name === host.name);
    assert.ok(found, `${host.name} is unknown`);
    return found;
  };
  const refused = (attempt: Promise<void>, message: RegExp): Promise<void> =>
    assert.rejects(attempt, (error: unknown) => error instanceof LabError && message.test(error.message));
  /** Directories of cgroups of this lab, in all hierarchies that are mounted. */
  const cgroups = async (): Promise<string> =>
    (await execute("find", ["/sys/fs/cgroup", "-maxdepth", "3", "-name", lab.namespace])).stdout;
  const there = (path: string): Promise<boolean> =>
    access(path).then(
      () => true,
      () => false,
    );

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "plinth-lab-"));
    process.env["XDG_STATE_HOME"] = join(directory, "state");
    lab = makeLab();
  });
  beforeEach(() => {
    told = [];
  });
  after(async () => {
    await lab.down();
    if (environment === undefined) delete process.env["XDG_STATE_HOME"];
    else process.env["XDG_STATE_HOME"] = environment;
    await rm(directory, { recursive: true });
  });

  it("boots a host that answers with the pinned key", async () => {
    const begun = Date.now();
    await lab.up();
    console.log(`      up, one host: ${((Date.now() - begun) / 1000).toFixed(1)} s; ${told.join("; ")}`);
    const host = await status();
    assert.deepEqual([host.state, host.ssh], ["running", true]);
    assert.ok(host.pid !== null && host.uptime !== null);
    assert.equal(await read(first, "systemctl is-system-running"), "running");
  });

  it("leaves a host that runs alone", async () => {
    const before = await status();
    await lab.up();
    await makeLab().up();
    assert.equal((await status()).pid, before.pid);
    assert.deepEqual(told, []);
  });

  it("is what an operator finds on a fresh server", async () => {
    assert.equal(await read(first, "id -un; sudo -n id -un; hostname"), "plinth\nroot\nlab1");
    assert.equal(await read(first, "date +%Z"), "UTC");
    assert.equal(await read(first, "ip -4 -br address show dev host0 | awk '{ print $3 }'"), "10.27.0.11/24");
    assert.equal(await read(first, "ip route show default; ip -6 route show default"), "");
    assert.equal(await read(first, "systemctl list-units --state=failed --no-legend"), "");
    assert.equal(await read(first, "systemctl is-enabled haproxy keepalived || :"), "masked\nmasked");
    const found = `sudo sh -c 'for p in python3 jq curl nft haproxy keepalived; do command -v $p; done || :'`;
    assert.deepEqual(
      (await read(first, found)).split("\n").map((path) => path.replace(/.*\//, "")),
      ["curl", "nft", "haproxy", "keepalived"],
    );
    assert.match(await read(first, "sudo sshd -T | grep -i '^passwordauthentication'"), / no$/);
    assert.match(await read(first, "sudo passwd --status plinth; sudo passwd --status root"), /^plinth L .*\nroot L /);
  });

  it("lets a host do what Kubernetes does: cgroups, overlays, namespaces, packet filters", async () => {
    const script = `set -e; cd /var/tmp; mkdir -p l u w m
      mount -t overlay -o lowerdir=l,upperdir=u,workdir=w overlay m; umount m
      top=/sys/fs/cgroup; [ -e $top/cgroup.procs ] || top=/sys/fs/cgroup/memory
      mkdir $top/kubepods; rmdir $top/kubepods
      ip netns add x; ip netns delete x; nft add table inet x; nft delete table inet x; sysctl -q net.ipv4.ip_forward=1`;
    await read(first, `sudo sh -c '${script}'`);
  });

  it("cannot be reached from outside of its namespace, nor reach anything there", async () => {
    const outside = await tryRun(["timeout", "3", ...sshCommand(lab.paths.ssh, "plinth", first.address, 2), "true"]);
    assert.notEqual(outside.code, 0);
    const route = await tryRun([...lab.enter, "ip", "route", "get", "192.0.2.1"]);
    assert.notEqual(route.code, 0);
    assert.match(route.stderr, /unreachable/i);
  });

  it("refuses a host whose key is not the pinned one, and gives it the right one at its next boot", async () => {
    const key = "/etc/ssh/ssh_host_ed25519_key";
    await read(first, `sudo sh -c 'rm ${key}*; ssh-keygen -q -t ed25519 -N "" -f ${key}; systemctl restart ssh'`);
    assert.deepEqual([(await status()).state, (await status()).ssh], ["running", false]);
    await lab.up();
    assert.match(told.join("\n"), /host lab1 runs but is not what the lab made it: Host key verification failed/);
    await lab.kill(first.name);
    await lab.start(first.name);
    assert.equal((await status()).ssh, true);
  });

  it("loses power and comes back with its disk", async () => {
    const machineId = await read(first, "cat /etc/machine-id");
    const bootId = await read(first, "cat /proc/sys/kernel/random/boot_id");
    await read(first, "echo kept | sudo tee /var/lib/marker /etc/marker >/dev/null; sync");
    await read(first, "logger before-the-end; sudo journalctl --sync");
    const begun = Date.now();
    await lab.kill(first.name);
    console.log(`      power off: ${((Date.now() - begun) / 1000).toFixed(1)} s`);
    assert.deepEqual({ ...(await status()) }, { ...first, state: "off", ssh: false, pid: null, uptime: null });
    await lab.kill(first.name);
    assert.match(told.join("\n"), /lab1 is off already/);
    assert.equal(await readFile(join(await lab.varDirectory(first.name), "lib/marker"), "utf8"), "kept\n");

    await lab.start(first.name);
    await lab.start(first.name);
    assert.match(told.join("\n"), /lab1 is on already/);
    assert.equal(await read(first, "cat /var/lib/marker /etc/marker"), "kept\nkept");
    assert.equal(await read(first, "cat /etc/machine-id"), machineId);
    assert.notEqual(await read(first, "cat /proc/sys/kernel/random/boot_id"), bootId);
    assert.match(await read(first, "sudo journalctl --boot=-1 -o cat"), /before-the-end/);
  });

  it("says no goodbye when it loses power", async () => {
    // A peer of a machine without power hears nothing: no FIN, no RST. So a connection to it must still look open.
    const client = spawn(
      lab.enter[0] ?? "",
      [...lab.enter.slice(1), ...sshCommand(lab.paths.ssh, "plinth", first.address, 60), "echo here; sleep 600"],
      { stdio: ["ignore", "pipe", "ignore"] },
    );
    try {
      await once(client.stdout, "data");
      await lab.kill(first.name);
      const sockets = await execute(lab.enter[0] ?? "", [...lab.enter.slice(1), "ss", "-Htn", "dst", first.address]);
      assert.match(sockets.stdout, /^ESTAB/m);
      assert.equal(client.exitCode, null);
    } finally {
      client.kill("SIGKILL");
    }
    await lab.start(first.name);
  });

  it("stands still while paused and goes on where it was", async () => {
    const { pid } = await status();
    await lab.pause(first.name);
    assert.deepEqual([(await status()).state, (await status()).pid], ["paused", pid]);
    assert.equal((await ssh(first, "true")).code, 255);
    await refused(lab.start(first.name), /is paused, not off: use `lab resume lab1`/);
    await lab.up();
    await lab.pause(first.name);
    assert.match(told.join("\n"), /lab1 is paused and stays so\n.*paused already/);
    await lab.resume(first.name);
    assert.deepEqual([(await status()).state, (await status()).pid, (await status()).ssh], ["running", pid, true]);
    await lab.resume(first.name);
    assert.match(told.join("\n"), /lab1 is not paused/);
  });

  it("loses power while paused", async () => {
    await lab.pause(first.name);
    await lab.kill(first.name);
    assert.equal((await status()).state, "off");
    await lab.start(first.name);
  });

  it("refuses what makes no sense, with the reason", async () => {
    await refused(lab.kill("nobody"), /unknown lab host "nobody": known are lab1/);
    await refused(lab.add({ name: "lab2", address: first.address }), /address 10\.27\.0\.11 is taken/);
    await refused(lab.add({ name: "lab1", address: "10.27.0.99" }), /runs with address 10\.27\.0\.11/);
    await lab.kill(first.name);
    await refused(lab.pause(first.name), /is off and cannot be paused: use `lab start lab1`/);
    await refused(lab.resume(first.name), /off and cannot be resumed/);
    await refused(lab.partition(first.name), /off and cannot be partitioned/);
    await refused(lab.heal(first.name), /off and cannot be healed/);
    await lab.start(first.name);
  });

  it("adds a host, which sees the first and is another machine", async () => {
    await lab.add(second);
    assert.equal((await status(second)).ssh, true);
    await read(second, `ping -c 1 -W 5 ${first.address}`);
    assert.notEqual(await read(first, "cat /etc/machine-id"), await read(second, "cat /etc/machine-id"));
    assert.notEqual(
      await read(first, "cat /etc/ssh/ssh_host_ed25519_key.pub"),
      await read(second, "cat /etc/ssh/ssh_host_ed25519_key.pub"),
    );
  });

  it("cuts a host off the network in both directions, and heals it", async () => {
    await read(
      first,
      `sudo sh -c 'nohup ping -i 0.2 ${second.address} >/var/tmp/ping 2>&1 & echo $! >/var/tmp/ping.pid'`,
    );
    /** Echo requests that the second host has received so far. */
    const echoes = async (): Promise<number> =>
      Number(await read(second, "awk '/^Icmp: [0-9]/ { print $10 }' /proc/net/snmp"));
    const before = await echoes();
    assert.ok(
      await poll(10, async () => ((await echoes()) > before ? true : undefined)),
      "no packet arrives to begin with",
    );
    await lab.partition(first.name);
    await lab.partition(first.name);
    assert.deepEqual([(await status()).state, (await status()).ssh], ["partitioned", false]);
    const received = await echoes();
    assert.notEqual((await ssh(second, `ping -c 2 -W 1 ${first.address}`)).code, 0);
    assert.equal(await echoes(), received, "packets of a partitioned host still arrive");
    await lab.heal();
    assert.match(told.join("\n"), /lab1 is healed/);
    assert.equal((await status()).ssh, true);
    assert.equal(await read(first, "cat /sys/class/net/host0/carrier"), "1");
    await read(first, "sudo kill $(cat /var/tmp/ping.pid)");
    await lab.heal(first.name);
  });

  it("comes back from a reboot of its own", async () => {
    const bootId = await read(first, "cat /proc/sys/kernel/random/boot_id");
    await ssh(first, "sudo systemctl reboot");
    const after = await poll(60, async () => {
      const { code, stdout } = await ssh(first, "cat /proc/sys/kernel/random/boot_id");
      return code === 0 && stdout.trim() !== bootId ? stdout.trim() : undefined;
    });
    assert.notEqual(after, undefined);
    assert.equal((await status()).state, "running");
  });

  it("lives on when the process that booted it ends", async () => {
    await lab.kill(first.name);
    const options = {
      projectDir: directory,
      hosts: [first],
      subnet: "10.27.0.0/24",
      podCidr: "10.28.0.0/16",
      gateway: "10.27.0.1",
      user: "plinth",
    };
    const script = `import { Lab } from ${JSON.stringify(join(import.meta.dirname, "../../lab/index.ts"))};
      await new Lab(${JSON.stringify(options)}).up();`;
    await execute(process.execPath, ["--input-type=module", "-e", script]);
    assert.deepEqual([(await status()).state, (await status()).ssh], ["running", true]);
  });

  it("boots a host once when two processes ask at once, and again when one was killed while it booted", async () => {
    await lab.kill(first.name);
    await Promise.all([lab.up(), makeLab().up()]);
    assert.equal(told.filter((line) => /lab1 .* answers/.test(line)).length, 1);

    await lab.kill(first.name);
    const options = {
      projectDir: directory,
      hosts: [first],
      subnet: "10.27.0.0/24",
      podCidr: "10.28.0.0/16",
      gateway: "10.27.0.1",
      user: "plinth",
    };
    const script = `import { Lab } from ${JSON.stringify(join(import.meta.dirname, "../../lab/index.ts"))};
      await new Lab(${JSON.stringify(options)}).up();`;
    const booter = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: "ignore" });
    const ended = once(booter, "exit");
    const supervisor = join(lab.paths.host(first.name), "supervisor");
    const old = await readFile(supervisor, "utf8");
    const started = await poll(30, async () => ((await readFile(supervisor, "utf8")) === old ? undefined : true), 5);
    booter.kill("SIGKILL");
    await ended;
    assert.equal(started, true);
    await lab.up();
    assert.equal((await status()).ssh, true);
  });

  it("gives a host a fresh disk, which is another machine under the same name, address and host key", async () => {
    const machineId = await read(second, "cat /etc/machine-id");
    const hostKey = await read(second, "cat /etc/ssh/ssh_host_ed25519_key.pub");
    await read(second, "sudo touch /var/lib/mine /etc/mine; sync");
    await lab.wipe(second.name);
    assert.equal((await status(second)).ssh, true);
    assert.match(await read(second, "cat /etc/machine-id"), /^[0-9a-f]{32}$/);
    assert.notEqual(await read(second, "cat /etc/machine-id"), machineId);
    assert.equal(await read(second, "cat /etc/ssh/ssh_host_ed25519_key.pub"), hostKey);
    assert.equal(await read(second, "ls /var/lib/mine /etc/mine 2>/dev/null || true"), "");
  });

  it("forgets a host that is removed, and does not boot one that was deleted from the inventory", async () => {
    const third: LabHost = { name: "lab3", address: "10.27.0.13" };
    const inventory = (hosts: LabHost[]): Lab => {
      const networks = { subnet: "10.27.0.0/24", podCidr: "10.28.0.0/16", gateway: "10.27.0.1" };
      return new Lab({
        ...{ projectDir: directory, hosts, user: "plinth", ...networks },
        onProgress: (line) => told.push(line),
      });
    };
    await inventory([first, third]).up();
    await lab.kill(third.name);
    await lab.up();
    assert.match(told.join("\n"), /lab3 is not in the inventory any more and stays off/);
    assert.equal((await status(third)).state, "off");
    const heir = inventory([first, { name: "lab4", address: third.address }]);
    await refused(heir.up(), /10\.27\.0\.13 is taken by host lab3, .*`lab remove lab3` frees it/);
    await lab.remove(third.name);
    assert.equal(
      (await lab.status()).some(({ name }) => name === third.name),
      false,
    );
    assert.equal(await there(lab.paths.host(third.name)), false);
    await refused(lab.remove(third.name), /unknown lab host "lab3"/);
  });

  it("gives a running host a network again when the namespace was taken away", async () => {
    const machineId = await read(first, "cat /etc/machine-id");
    await execute("ip", ["netns", "delete", lab.namespace]);
    assert.equal((await status()).state, "off");
    await lab.up();
    assert.deepEqual([(await status()).ssh, (await status(second)).ssh], [true, true]);
    assert.equal(await read(first, "cat /etc/machine-id"), machineId);
  });

  it("recovers from a reboot of this machine with the same disks", async () => {
    const machineId = await read(first, "cat /etc/machine-id");
    await lab.kill(first.name);
    await lab.kill(second.name);
    await execute("ip", ["netns", "delete", lab.namespace]);
    // What /run looks like when the namespaces are gone and the files were not cleaned, and a process id that is in use again.
    await mkdir("/run/netns", { recursive: true });
    await writeFile(join("/run/netns", lab.namespace), "");
    const supervisor = join(lab.paths.host(first.name), "supervisor");
    await writeFile(supervisor, `${process.pid} 1 00000000-0000-4000-8000-000000000000\n`);
    await lab.up();
    assert.equal(await read(first, "cat /etc/machine-id"), machineId);
    assert.equal((await status(second)).ssh, true);
  });

  it("refuses to take its own network away from under itself", async () => {
    const networks = { subnet: "10.27.0.0/24", podCidr: "10.28.0.0/16", gateway: "10.27.0.1" };
    const options = { projectDir: directory, hosts: [], user: "plinth", ...networks };
    const script = `import { Lab } from ${JSON.stringify(join(import.meta.dirname, "../../lab/index.ts"))};
      const lab = new Lab(${JSON.stringify(options)}); await lab.kill("lab2"); await lab.start("lab2"); await lab.down();`;
    const result = await tryRun([...lab.enter, process.execPath, "--input-type=module", "-e", script]);
    assert.notEqual(result.code, 0);
    assert.match(result.stderr, /runs inside of the lab's network/);
    assert.deepEqual([(await status()).state, (await status(second)).state], ["running", "running"]);
  });

  it("leaves nothing behind", async () => {
    const pids = (await lab.status()).map((host) => host.pid);
    await lab.down();
    assert.match(told.join("\n"), /the lab is down: lab1, lab2 removed/);
    assert.equal(await cgroups(), "");
    assert.equal(await there(join("/run/netns", lab.namespace)), false);
    assert.equal(await there(lab.paths.instance), false);
    assert.doesNotMatch(await readFile("/proc/self/mountinfo", "utf8"), new RegExp(lab.namespace));
    for (const pid of pids) {
      const state = await readFile(`/proc/${pid ?? 0}/stat`, "utf8").catch(() => "gone");
      assert.match(state, /^gone$|\) [ZX] /, `process ${pid ?? 0} of the lab is still there`);
    }
    const commands = await Promise.all(
      (await readdir("/proc"))
        .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
        .map((name) => readFile(join("/proc", name, "environ"), "utf8").catch(() => "")),
    );
    assert.equal(commands.filter((text) => text.includes(`LAB_INSTANCE=${lab.namespace}`)).length, 0);
    await lab.down();
    assert.equal((await lab.status())[0]?.state, "off");
  });
});
