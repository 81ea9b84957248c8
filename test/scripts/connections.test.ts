import assert from "node:assert/strict";
import { readdirSync, readFileSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { connectionFormat } from "../../plan/bundles/connections.ts";
import type { FakeHost } from "./support/fake-host.ts";
import { onHosts } from "./support/suite.ts";

const script = join(import.meta.dirname, "../../scripts/host/connections.sh");
const logs = "/var/log/plinth-connections";
/** Seconds since the epoch. */
const midnight = Date.UTC(2026, 0, 31) / 1000;
const iso = (seconds: number) => new Date((midnight + seconds) * 1000).toISOString();

/** A connection, in seconds after midnight. */
interface Connection {
  begin: number;
  end: number;
  client: string;
  server: string;
}

/** A load balancer whose clock, journal and sockets are what a test says. */
class Balancer {
  private readonly host: FakeHost;
  private readonly directory: string;
  private readonly journal: string[] = [];

  constructor(host: FakeHost, directory = logs) {
    this.host = host;
    this.directory = directory;
    host.command("date", `if [ "$*" = +%s ]; then cat "$PLINTH_ROOT/now"; else exec /bin/date "$@"; fi`);
    // A cursor is the number of lines that have been read.
    host.command(
      "journalctl",
      `for each in "$@"; do case $each in --cursor-file=*) cursor=\${each#*=} ;; esac; done
      # The real one fails without a word where a unit has logged nothing yet.
      if [ ! -s "$PLINTH_ROOT/journal" ]; then exit 1; fi
      tail -n "+$(($(cat "$cursor" 2>/dev/null || echo 0) + 1))" "$PLINTH_ROOT/journal"
      wc -l <"$PLINTH_ROOT/journal" >"$cursor"`,
    );
    host.command("ss", `echo "$*" >"$PLINTH_ROOT/asked"; cat "$PLINTH_ROOT/sockets"`);
    host.write(`${directory}/.keep`, "");
    this.set(0, []);
  }

  /** The time, and the clients that are connected. */
  set(now: number, clients: readonly string[]): void {
    this.host.write("/now", `${midnight + now}\n`);
    this.host.write("/sockets", clients.map((client) => `0 0 192.0.2.10:6443 ${client} \n`).join(""));
    this.host.write("/journal", this.journal.map((line) => `${line}\n`).join(""));
  }

  /** HAProxy says that a connection is over. */
  ended({ begin, end, client, server }: Connection): void {
    const [ip = "", port = ""] = client.split(":");
    const values: Record<string, string> = {
      "%Ts": String(midnight + Math.floor(begin)),
      "%ms": String(Math.round((begin % 1) * 1000)).padStart(3, "0"),
      "%Tt": String(Math.round((end - begin) * 1000)),
      ...{ "%ci": ip, "%cp": port, "%bi": "192.0.2.11", "%bp": "40000", "%si": server, "%sp": "6443" },
      ...{ "%s": "cp1", "%ts": "--", "%U": "10", "%B": "20" },
    };
    this.journal.push(
      "Server kube-apiserver/cp1 is UP",
      connectionFormat.replaceAll(/%[A-Za-z]+/g, (name) => values[name] ?? name),
    );
  }

  async pass(...[days = 30, files = 100, megabytes = 100]: number[]): Promise<void> {
    const args = [this.host.path(this.directory), "192.0.2.10:6443", days, files, megabytes].map(String);
    const { code, stderr } = await this.host.runFile(script, ["pass", ...args]);
    assert.deepEqual([code, stderr], [0, ""]);
  }

  /** Lines `FROM UNTIL CLIENT SERVER`. */
  async at(seconds: number, ...more: string[]): Promise<string[]> {
    const { code, stdout, stderr } = await this.host.runFile(script, [
      "at",
      this.host.path(this.directory),
      iso(seconds),
      ...more,
    ]);
    if (code !== 0) assert.match(stderr, /^nobody was connected at /);
    return stdout.split("\n").filter((line) => line !== "");
  }
}

onHosts("the log of connections", (host) => {
  let balancer: Balancer;
  const list = () => readdirSync(host().path(logs)).filter((name) => !name.startsWith("."));

  beforeEach(() => {
    balancer = new Balancer(host());
  });

  it("names who was connected at a time, to which server", async () => {
    balancer.ended({ begin: 10.25, end: 12.5, client: "10.0.0.1:5001", server: "192.0.2.11" });
    balancer.ended({ begin: 11, end: 40, client: "10.0.0.2:5002", server: "192.0.2.12" });
    balancer.set(60, []);
    await balancer.pass();
    assert.equal(host().read("/asked"), "-Htn state established src 192.0.2.10:6443\n");
    const first = `${iso(10.25)} ${iso(12.5)} 10.0.0.1:5001 192.0.2.11`;
    const second = `${iso(11)} ${iso(40)} 10.0.0.2:5002 192.0.2.12`;
    assert.deepEqual(await balancer.at(12), [first, second]);
    assert.deepEqual(await balancer.at(12, "192.0.2.11"), [first]);
    assert.deepEqual(await balancer.at(30), [second]);
    assert.deepEqual(await balancer.at(60), []);
    assert.deepEqual(await balancer.at(14), [first, second], "clocks may differ by two seconds");
    assert.deepEqual(await balancer.at(14, "", "1"), [second]);
  });

  it("names who is connected still, and who was when the balancer lost power", async () => {
    const [lasting, cut] = ["10.0.0.3:5003", "10.0.0.4:5004"];
    await balancer.pass();
    balancer.set(60, [lasting, cut]);
    await balancer.pass();
    assert.deepEqual(await balancer.at(50), [`${iso(0)} - ${lasting} -`, `${iso(0)} - ${cut} -`]);
    balancer.set(600, [lasting]);
    await balancer.pass();
    assert.deepEqual(await balancer.at(300), [`${iso(0)} - ${lasting} -`, `${iso(0)} ${iso(600)} ${cut} -`]);
    assert.deepEqual(await balancer.at(700), [`${iso(0)} - ${lasting} -`]);
    // HAProxy's own line says it better, whenever it comes.
    balancer.ended({ begin: 30, end: 650, client: lasting, server: "192.0.2.11" });
    balancer.set(660, []);
    await balancer.pass();
    assert.deepEqual(await balancer.at(100, "192.0.2.12"), [`${iso(0)} ${iso(600)} ${cut} -`]);
    assert.deepEqual((await balancer.at(100)).at(-1), `${iso(30)} ${iso(650)} ${lasting} 192.0.2.11`);
  });

  it("knows nothing of when what it found open at first began", async () => {
    balancer.set(60, ["10.0.0.1:5001"]);
    await balancer.pass();
    assert.deepEqual(await balancer.at(30), ["- - 10.0.0.1:5001 -"]);
  });

  it("always names the client, and never one whose connection is known not to have been open", async () => {
    const connection = fc
      .record({
        begin: fc.integer({ min: 1, max: 290 }),
        length: fc.integer({ min: 1, max: 200 }),
        silent: fc.boolean(),
      })
      .map(({ begin, length, silent }) => ({ begin: begin + 0.5, end: begin + 0.5 + length, silent }));
    let runs = 0;
    const asked = fc.array(fc.integer({ min: 1, max: 290 }), { minLength: 3, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(fc.array(connection, { minLength: 1, maxLength: 12 }), asked, async (times, moments) => {
        const each = times.map((time, n) => ({ ...time, client: `10.0.0.${n}:${5000 + n}`, server: "192.0.2.11" }));
        balancer = new Balancer(host(), `${logs}-${(runs += 1)}`);
        for (let now = 0; now <= 300; now += 60) {
          const over = each.filter(({ end, silent }) => !silent && end > now - 60 && end <= now);
          over.forEach((one) => {
            balancer.ended(one);
          });
          const open = each.filter(({ begin, end }) => begin <= now && end > now);
          balancer.set(
            now,
            open.map(({ client }) => client),
          );
          await balancer.pass();
        }
        for (const moment of moments) {
          const named = (await balancer.at(moment, "", "0")).map((line) => line.split(" ")[2]);
          for (const { begin, end, client, silent } of each) {
            // Of one that ended without a word, within a minute of its begin, there is nothing to be known.
            const seen =
              end <= 300 ? !silent || Math.floor(begin / 60) !== Math.floor(end / 60) : Math.floor(begin / 60) < 5;
            if (begin <= moment && moment <= end && seen) assert.ok(named.includes(client), `${client} at ${moment}`);
            if (!silent && end <= 300 && (moment < begin || moment > end)) assert.ok(!named.includes(client), client);
            if (moment < begin - 60 || moment > end + 60) assert.ok(!named.includes(client), client);
          }
        }
      }),
      { numRuns: 4 },
    );
  }).timeout(120_000);

  it("repeats lines where it was killed, and loses none", async () => {
    const one = { begin: 10, end: 12, client: "10.0.0.1:5001", server: "192.0.2.11" };
    balancer.ended(one);
    balancer.set(60, []);
    await balancer.pass();
    // As if the pass had been killed before it wrote down how far it had read.
    host().write(`${logs}/.cursor`, "0\n");
    await balancer.pass();
    assert.equal(
      host()
        .read(`${logs}/connections.log`)
        .match(/^ended/gm)?.length,
      2,
    );
    assert.equal((await balancer.at(11)).length, 1);
  });

  it("compresses what is full, and keeps so many files and days", async () => {
    host().write(`${logs}/connections.log`, "x\n".repeat(600_000));
    host().write(`${logs}/connections-20260101T000000Z.log`, "left by a pass that was killed\n");
    balancer.ended({ begin: 10, end: 12, client: "10.0.0.1:5001", server: "192.0.2.11" });
    balancer.set(60, []);
    await balancer.pass(0, 2, 1);
    const files = list();
    assert.equal(files.length, 2);
    assert.ok(
      files.every((name) => name.endsWith(".log.gz")),
      String(files),
    );
    const newest = gunzipSync(readFileSync(host().path(`${logs}/${files.at(-1) ?? ""}`))).toString();
    assert.match(newest, /10\.0\.0\.1:5001/);
    assert.deepEqual((await balancer.at(11)).length, 1, "reads them, too");
    await balancer.pass(0, 1, 1);
    assert.deepEqual(list(), [...files.slice(1), "connections.log"]);
    assert.equal(host().mode(`${logs}/connections.log`), "0600");
    const old = new Date(Date.now() - 9 * 86_400_000);
    utimesSync(host().path(`${logs}/${files.at(-1) ?? ""}`), old, old);
    await balancer.pass(10, 1, 1);
    assert.equal(list().length, 2);
    await balancer.pass(8, 1, 1);
    assert.deepEqual(list(), ["connections.log"]);
  });

  it("fails where it cannot read what it needs, so that systemd says so", async () => {
    host().command("ss", "exit 1");
    const { code } = await host().runFile(script, ["follow", host().path(logs), "192.0.2.10:6443", "30", "100", "100"]);
    assert.equal(code, 1);
    assert.equal((await host().runFile(script, ["at", host().path(logs), "yesterday or so"])).code, 65);
  });
});
