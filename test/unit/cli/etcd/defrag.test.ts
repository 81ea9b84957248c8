import assert from "node:assert/strict";
import { defragment } from "../../../../cli/etcd/defrag.ts";
import { CliError } from "../../../../cli/errors.ts";
import { Exit } from "../../../../cli/exit.ts";
import type { MemberLook } from "../../../../plan/etcdcare/defragment.ts";
import { hostsOf } from "../../../support/cluster.ts";

const hosts = hostsOf().filter(({ roles }) => roles.includes("etcd"));
const names = hosts.map(({ name }) => name);

/** Members that hand over when the leader is defragmented, as hosts do it. */
class Members {
  leader = names[0] ?? "";
  readonly done: string[] = [];
  silent = "";
  readonly printed: string[] = [];

  run(wanted: readonly string[], signal = new AbortController().signal) {
    return defragment({
      ...{ hosts, wanted, signal, patience: { first: 0, between: 0 } },
      terminal: { note: () => undefined, print: (line = "") => void this.printed.push(line) },
      look: () => Promise.resolve(names.map((host) => this.look(host))),
      run: (verb, { name }) => {
        assert.equal(verb, "defrag");
        this.done.push(name);
        if (this.leader === name) this.leader = names.find((other) => other !== name) ?? name;
        return Promise.resolve(`noise\n{"host":"${name}","before":2097152,"after":1048576,"seconds":3}\n`);
      },
    });
  }

  private look(host: string): MemberLook {
    const self = { leader: this.leader, learner: false, index: 1, applied: 1, alarms: [] };
    return { host, id: host, self: host === this.silent ? undefined : self };
  }
}

describe("etcd defrag", () => {
  it("does one member after the other, the leader last, and says what came of it", async () => {
    const members = new Members();
    const results = await members.run(names);
    assert.deepEqual(members.done, [...names.slice(1), names[0]]);
    assert.deepEqual(results[0], { host: names[1], before: 2097152, after: 1048576, seconds: 3 });
    assert.equal(members.printed[0], `${names[1] ?? ""}: 2.0 MiB before, 1.0 MiB now (it took 3 s)`);
  });

  it("refuses before it begins, and ends where a member is not fit any more", async () => {
    const members = new Members();
    members.silent = names[2] ?? "";
    await assert.rejects(members.run(names), (error: unknown) => {
      assert.ok(error instanceof CliError && error.exitCode === Exit.refused, String(error));
      assert.match(error.message, /^Nothing was defragmented:\n {2}- the member of .* does not answer$/m);
      return true;
    });
    assert.deepEqual(members.done, []);
    const later = new Members();
    const stopping = new AbortController();
    const run = later.run(names, stopping.signal);
    later.printed.push = (line: string) => {
      later.silent = names[2] ?? "";
      return line.length;
    };
    await assert.rejects(run, (error: unknown) => error instanceof CliError && error.exitCode === Exit.failed);
    assert.equal(later.done.length, 1);
  });

  it("begins with no further member once it is interrupted", async () => {
    const members = new Members();
    const stopping = new AbortController();
    stopping.abort();
    await assert.rejects(members.run(names, stopping.signal));
    assert.deepEqual(members.done, []);
  });
});
