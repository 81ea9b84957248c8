import assert from "node:assert/strict";
import {
  fewestArguments,
  renderCheck,
  renderJudge,
  renderPrepare,
  renderRequire,
  type Check,
} from "../../../plan/conditions.ts";

const patience = { deadline: 5, unit: "a.service" };
const access = { url: "https://u", authorityFile: "/ca", certificateFile: "/crt", keyFile: "/key" };

/** One check of each name, with what it cannot do without. */
const checks: { [Name in Check["name"]]: Extract<Check, { name: Name }>["args"] } = {
  "unit-active": {},
  "http-ok": { url: "http://u" },
  "etcd-voter": { ...access, name: "cp1", members: "cp1=https://p" },
  "config-in-use": { ...access, metrics: "m", file: "/f" },
  command: { words: ["true"] },
  sysctl: { key: "kernel.panic", value: "10" },
  "swap-off": {},
  "if-bundle": { bundle: "etcd", check: { name: "swap-off", args: {} } },
  "if-file": { path: "/x", check: { name: "unit-active", args: {} } },
};

describe("plan/conditions", () => {
  it("write arguments in the order that the host script reads them in", () => {
    const lines = [
      renderCheck({ name: "http-ok", ...patience, args: { url: "http://u", text: "ok" } }),
      renderCheck({ name: "etcd-voter", ...patience, args: checks["etcd-voter"] }),
      renderCheck({
        name: "if-bundle",
        ...patience,
        args: {
          bundle: "other",
          check: {
            name: "if-file",
            args: { path: "/x", check: { name: "command", args: { words: ["test", "-e", "/y"] } } },
          },
        },
      }),
      renderRequire({ name: "etcd-quorum", ...patience, args: access }),
      renderJudge({ name: "command", ...patience, args: { memory: 100, words: ["/bin/a", "-c", "/f"] } }),
      renderJudge({
        name: "start",
        ...patience,
        args: { memory: 100, settle: 1, accepted: "it.serves", executable: "/bin/a", overrides: { x: "1", y: "" } },
      }),
      renderPrepare({
        name: "etcd-join",
        ...patience,
        args: {
          name: "cp1",
          peerUrl: "https://p",
          dataDirectory: "/d",
          token: "t",
          members: "m",
          authorityFile: "/ca",
          certificateFile: "/crt",
          keyFile: "/key",
          peerCertificateFile: "/peer.crt",
          peerKeyFile: "/peer.key",
        },
      }),
    ];
    assert.deepEqual(lines, [
      "check http-ok 5 a.service http://u - ok",
      "check etcd-voter 5 a.service https://u /ca /crt /key cp1 cp1=https://p",
      "check if-bundle 5 a.service other if-file /x command test -e /y",
      "require etcd-quorum 5 a.service https://u /ca /crt /key",
      "judge command 5 a.service 100 /bin/a -c /f",
      "judge start 5 a.service 100 1 it.serves /bin/a --x=1 --y=",
      "prepare etcd-join 5 a.service cp1 https://p /d /ca /crt /key t m /peer.crt /peer.key",
    ]);
  });

  it("ask the host script for no more arguments than there are at least", () => {
    for (const [name, args] of Object.entries(checks)) {
      const words = renderCheck({ name, args, ...patience } as Check)
        .split(" ")
        .slice(4);
      assert.equal(words.length, fewestArguments.check.get(name), name);
    }
    assert.deepEqual([...fewestArguments.check.keys()].sort(), Object.keys(checks).sort());
  });

  it("are refused by the compiler when a name is unknown or an argument missing", () => {
    const wrong = [
      // @ts-expect-error: there is no such check.
      { name: "http-okay", ...patience, args: { url: "http://u" } } satisfies Check,
      // @ts-expect-error: a check by HTTP needs a URL.
      { name: "http-ok", ...patience, args: { text: "ok" } } satisfies Check,
      // @ts-expect-error: it has no such argument.
      { name: "sysctl", ...patience, args: { key: "kernel.panic", valeu: "10" } } satisfies Check,
    ];
    assert.equal(wrong.length, 3);
  });
});
