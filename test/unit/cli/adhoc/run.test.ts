import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endingAll } from "../../../../cli/adhoc/ending.ts";
import { runOnHosts, type AdhocRun } from "../../../../cli/adhoc/run.ts";
import { longestStream, type AdhocAnswer } from "../../../../plan/adhoc/answers.ts";
import { eventually } from "../../../support/eventually.ts";
import { FakeSudo } from "../../../support/fakeSudo.ts";
import { TestHosts } from "./servers.ts";

/** A command that runs until its test is over, whoever forgets it. */
const asLongAs = (folder: string): string => `while [ -d ${folder} ]; do sleep 0.1; done`;

/** Whether a process is over, also where nobody has asked what became of it. */
function hasEnded(pid: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return true;
  }
}

describe("a command on many hosts", function () {
  this.timeout(90_000);
  let hosts: TestHosts;
  let folder: string;
  let stop: AbortController;
  const until = (what: string, holds: () => boolean): Promise<true> =>
    eventually(what, 60, () => Promise.resolve(holds() ? true : undefined));
  beforeEach(() => {
    hosts = new TestHosts();
    stop = new AbortController();
    folder = mkdtempSync(join(tmpdir(), "plinth-adhoc-"));
  });
  afterEach(async () => {
    stop.abort(); // What a failed test has left.
    await hosts.close();
    rmSync(folder, { recursive: true });
  });

  const run = (words: readonly string[], more: Partial<AdhocRun> = {}): Promise<AdhocAnswer[]> =>
    runOnHosts(
      hosts.access,
      {
        ...{ words, root: false, input: Buffer.alloc(0), seconds: 0, parallel: 8 },
        signal: stop.signal,
        ...more,
      },
      hosts.pool,
    );
  const one = async (...given: Parameters<typeof run>): Promise<AdhocAnswer> => {
    const [answer] = await run(...given);
    assert.ok(answer);
    return answer;
  };

  it("gets its words as they are, and one word alone as a line for a shell", async () => {
    await hosts.add("cp1");
    assert.equal((await one(["printf", "%s|", "a b", "$HOME", "it's *"])).stdout, "a b|$HOME|it's *|");
    assert.equal((await one(["echo a b | tr a-z A-Z; exit 3"])).stdout, "A B\n");
    const gone = await one(["no-such-command", "x"]);
    assert.deepEqual([gone.outcome, gone.code, gone.stdout], ["ended", 127, ""]);
    assert.match(gone.stderr, /no-such-command/);
  });

  it("answers for each host, also for those that are not there", async () => {
    for (const name of ["cp1", "w1"]) await hosts.add(name, { environment: { NAME: name } });
    await hosts.addDead("w2");
    const answers = await run(['echo out; echo "$NAME" >&2; [ "$NAME" = w1 ]']);
    assert.deepEqual(
      answers.map(({ host, outcome, code, stdout, stderr }) => [host, outcome, code, stdout, stderr]),
      [
        ["cp1", "ended", 1, "out\n", "cp1\n"],
        ["w1", "ended", 0, "out\n", "w1\n"],
        ["w2", "unreachable", undefined, "", ""],
      ],
    );
    assert.match(answers[2]?.reason ?? "", /no SSH connection after 1 attempt/);
  });

  it("reads the input on every host, whole, and nothing where there is none", async () => {
    for (const name of ["cp1", "w1"]) await hosts.add(name);
    const input = Buffer.alloc(300_000, "some text\n");
    for (const { stdout } of await run(["wc", "-c"], { input })) assert.equal(stdout.trim(), "300000");
    for (const { stdout } of await run(["wc", "-c"])) assert.equal(stdout.trim(), "0");
    const unread = await run(["echo read nothing; exit 4"], { input });
    assert.deepEqual(
      unread.map(({ code, stdout }) => [code, stdout]),
      [
        [4, "read nothing\n"],
        [4, "read nothing\n"],
      ],
    );
  });

  it("is cut off in what it prints, between characters, and goes on to its own end", async () => {
    await hosts.add("cp1");
    const { outcome, stdout, stdoutCut, stderrCut, code, reason } = await one([
      `head -c ${longestStream - 1} /dev/zero | tr '\\0' x; printf 'ää'; head -c 1000000 /dev/zero; exit 5`,
    ]);
    assert.deepEqual(
      [outcome, reason, code, stdout.length, stdoutCut, stderrCut, stdout.at(-1)],
      ["ended", undefined, 5, longestStream - 1, 1_000_004, 0, "x"],
    );
  });

  it("is ended when its time is up, with all that it has started, and what it had printed is told", async () => {
    await hosts.add("cp1");
    const file = join(folder, "pid");
    const command = `echo before; ${asLongAs(folder)} & echo $! > ${file}; wait; echo after`;
    const { outcome, stdout, reason, code } = await one([command], { seconds: 0.5 });
    assert.deepEqual([outcome, code, reason], ["timed-out", undefined, "it did not end within 0.5 s"]);
    // On a busy machine it may not have come that far.
    assert.ok("before\n".startsWith(stdout), stdout);
    const pid = existsSync(file) ? readFileSync(file, "utf8").trim() : "";
    await until("its end", () => pid === "" || hasEnded(pid));
  });

  it("is ended everywhere by an interrupt, and not begun where it is still to come", async () => {
    for (const name of ["cp1", "w1", "w2"]) await hosts.add(name);
    const file = join(folder, "pid");
    const answers = run([`echo begun; echo $$ > ${file}; ${asLongAs(folder)}`], {
      parallel: 1,
    });
    await until("its begin", () => existsSync(file) && /^\d+\n$/.test(readFileSync(file, "utf8")));
    stop.abort();
    assert.deepEqual(
      (await answers).map(({ outcome, stdout }) => [outcome, stdout]),
      [
        ["interrupted", "begun\n"],
        ["interrupted", ""],
        ["interrupted", ""],
      ],
    );
    assert.deepEqual(
      hosts.servers.map(({ counts }) => counts.commands),
      [1, 0, 0],
    );
    const pid = readFileSync(file, "utf8").trim();
    await until("its end", () => hasEnded(pid));
  });

  it("is ended everywhere by a signal that the operator sends, and its answers are told", async () => {
    for (const name of ["cp1", "w1"]) await hosts.add(name, { environment: { NAME: name } });
    const told: string[] = [];
    const answers = endingAll({ warn: (line) => told.push(line) }, (signal) =>
      run([`echo "$NAME"; : > ${folder}/$NAME; ${asLongAs(folder)}`], { signal }),
    );
    await until("their begin", () => ["cp1", "w1"].every((name) => existsSync(join(folder, name))));
    process.emit("SIGHUP");
    assert.deepEqual(
      (await answers).map(({ outcome, stdout }) => [outcome, stdout]),
      [
        ["interrupted", "cp1\n"],
        ["interrupted", "w1\n"],
      ],
    );
    assert.match(told.join(), /^interrupted: ending it on all hosts/);
  });

  it("tells of a signal that has ended it, and of a connection that broke", async () => {
    const server = await hosts.add("cp1");
    assert.equal((await one(["kill -KILL $$"])).code, 137);
    const file = join(folder, "begun");
    const answer = one([`echo half; : > ${file}; ${asLongAs(folder)}`]);
    await until("its begin", () => existsSync(file));
    server.dropConnections();
    const { outcome, reason } = await answer;
    assert.equal(outcome, "lost");
    assert.match(reason ?? "", /the SSH connection broke while a command ran/);
  });

  it("runs as root with --root alone, with a password for sudo as well", async () => {
    const sudo = new FakeSudo(join(folder, "sudo"), "secret");
    // Root needs no sudo; somebody else's id makes it go by it.
    const server = await hosts.add("cp1", { environment: { PATH: sudo.path } });
    const target = hosts.access.get("cp1");
    assert.ok(target);
    hosts.pool.goBy([[target, { sudoPassword: "secret" }]]);
    const asked = ['printf %s "${BEHIND_SUDO:-no} $(wc -c)"'];
    const input = Buffer.from("12345");
    assert.equal((await one(asked, { root: true, input })).stdout, "yes 5");
    assert.equal((await one(asked, { input })).stdout, "no 5");
    assert.equal(server.commands.join().includes("BEHIND_SUDO"), false);
    assert.equal(sudo.seen.includes("BEHIND_SUDO"), false);
  });
});
