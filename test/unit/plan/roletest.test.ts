import assert from "node:assert/strict";
import { chooseTrials } from "../../../plan/roletest/choice.ts";
import fc from "fast-check";
import { killsAt, leavingsOf, tamperingOf } from "../../../plan/roletest/course.ts";
import { leftBehind, parseSnapshot } from "../../../plan/roletest/snapshot.ts";
import type { BundleFile } from "../../../plan/bundle.ts";

const none = { users: false, folders: [] };

describe("tests of roles", () => {
  it("tell what is otherwise than before, but for what a role may leave", () => {
    const before = parseSnapshot(
      "f /etc/a b 644 root:root aa\nd /etc/x 755 root:root -\nunit ssh.service enabled active\n",
    );
    const after = parseSnapshot(
      "f /etc/a b 600 root:root aa\nl /etc/l - root:root /a b\nf /etc/passwd 644 root:root cc\nf /home/ann/.x 644 ann:ann dd\nunit ssh.service disabled inactive\n",
    );
    assert.deepEqual(leftBehind(before, before, none), []);
    assert.deepEqual(leftBehind(before, after, { users: true, folders: ["/home/ann"] }), [
      "/etc/a b was f 644 root:root aa, and is f 600 root:root aa",
      "/etc/l was not there before",
      "/etc/x is gone",
      "unit ssh.service was enabled active, and is disabled inactive",
    ]);
    assert.equal(leftBehind(before, after, none).length, 6);
    assert.throws(() => parseSnapshot("what\n"), /cannot be read: "what"/);
  });

  it("leave homes of users, and directories that something was mounted on", () => {
    const files = [
      {
        path: "/etc/systemd/system/srv-a.mount",
        mode: "0644",
        owner: "root:root",
        content: "[Mount]\nWhere=/srv/a\nWhat=/dev/sdb\n",
      },
      { path: "/etc/a", mode: "0644", owner: "root:root", content: "Where=/etc\n" },
    ];
    assert.deepEqual(leavingsOf({ files }), { users: false, folders: ["/srv/a"] });
    const resources = [{ kind: "account", key: "ann", home: "/home/ann", shell: "/bin/sh", system: false }] as const;
    assert.deepEqual(leavingsOf({ resources }), { users: true, folders: ["/home/ann"] });
  });

  it("change everything by hand that has a name, and leave the way to the host open", () => {
    const file = (path: string): BundleFile => ({ path, mode: "0644", owner: "root:root", content: "" });
    assert.deepEqual(
      tamperingOf({ files: [file("/a"), file("/b")], secrets: [], units: ["a.service", "ssh.service"] }),
      {
        words: ["append:/a", "remove:/b", "stop:a.service"],
        told: ["/a", "/b", "a.service"],
      },
    );
  });

  it("kill runs at moments within their length", () => {
    fc.assert(
      fc.property(fc.double({ min: 1, max: 600, noNaN: true }), fc.integer({ min: 0, max: 20 }), (seconds, count) => {
        const moments = killsAt(seconds, count);
        assert.equal(moments.length, count);
        assert.ok(moments.every((moment, index) => moment < seconds && moment >= (moments[index - 1] ?? 0)));
      }),
    );
  });
});

describe("what test roles tries", () => {
  const offered = [
    { host: "m1", role: "motd" },
    { host: "m2", role: "time" },
    { host: "m2", role: "motd" },
  ];

  it("is each role once, on the first host that has it", () => {
    assert.deepEqual(chooseTrials(offered, []), { trials: offered.slice(0, 2) });
    assert.deepEqual(chooseTrials(offered, ["time"]), { trials: [offered[1]] });
  });

  it("is nothing where a role is unknown, or no host has any", () => {
    assert.deepEqual(chooseTrials(offered, ["ssh", "motd", "x"]), {
      problem: "No host has the role ssh, x; they have motd, time.",
    });
    assert.deepEqual(chooseTrials([], []), { problem: "No host has a role of the project." });
  });
});
