import assert from "node:assert/strict";
import {
  exitCodeOfCopies,
  hasPlaceForEach,
  localMode,
  localTarget,
  lookFindings,
  modeFindings,
  ownerFindings,
  parseCopy,
  parseFileHead,
  parsePathLook,
  writeOf,
  type PathLook,
  type WantedFile,
} from "../../../../plan/adhoc/copying.ts";

const sha256 = "0a".repeat(32);

describe("plan/adhoc/copying", () => {
  it("reads which end is on hosts, as scp does", () => {
    for (const [from, to, on, expected] of [
      ["motd", "cp1:/etc/motd", undefined, "put cp1 motd /etc/motd"],
      ["dir/motd", "cp1:/etc/", undefined, "put cp1 dir/motd /etc/motd"],
      ["./a:b", "cp1:/tmp/x", undefined, "put cp1 ./a:b /tmp/x"],
      ["cp1:/etc/hosts", ".", undefined, "get cp1 . /etc/hosts"],
      ["motd", "/etc/motd", "role=worker", "put role=worker motd /etc/motd"],
      ["motd", ":/etc/motd", "w*", "put w* motd /etc/motd"],
      [":/etc/hosts", "out", "w*", "get w* out /etc/hosts"],
    ] as const) {
      const { copy, findings } = parseCopy(from, to, on);
      assert.deepEqual(findings, []);
      assert.ok(copy);
      assert.equal([copy.direction, copy.selector, copy.local, copy.remote].join(" "), expected);
    }
  });

  it("refuses what is none", () => {
    for (const [from, to, on, expected] of [
      ["a", "b", undefined, /neither end/],
      ["cp1:/a", "cp2:/b", undefined, /both ends/],
      ["a", "cp1:/b", "w*", /both --on and a path name hosts/],
      ["a", ":/b", undefined, /in front of the colon is missing/],
      ["a", "cp1:b", undefined, /"b" on the host is not absolute/],
      ["a", "cp1:/b/../c", undefined, /holds \.\./],
      ["cp1:/etc/", ".", undefined, /names no file/],
      ["a/", "cp1:/etc/", undefined, /names no file/],
      ["cp1:/a", "", undefined, /on this machine is empty/],
    ] as const)
      assert.match(
        parseCopy(from, to, on)
          .findings.map(({ message }) => message)
          .join(),
        expected,
      );
  });

  it("judges modes and owners", () => {
    for (const mode of ["644", "0644", undefined]) assert.deepEqual(modeFindings(mode), []);
    for (const mode of ["u+x", "9999", "64", "06444", ""]) assert.equal(modeFindings(mode).length, 1, mode);
    const put = { direction: "put", root: true } as const;
    for (const owner of ["root", "root:adm", "1000:1000", undefined]) assert.deepEqual(ownerFindings(owner, put), []);
    for (const owner of ["a b", ":adm", "-x", "$(id)"]) assert.equal(ownerFindings(owner, put).length, 1, owner);
    assert.match(ownerFindings("root", { direction: "put", root: false })[0]?.remedy ?? "", /--root/);
    assert.match(ownerFindings("root", { direction: "get", root: true })[0]?.message ?? "", /copied to hosts/);
  });

  it("gives each host its own place where there are several", () => {
    const copy = { local: "out", remote: "/var/log//syslog" };
    assert.deepEqual(
      [hasPlaceForEach("w*", 1), hasPlaceForEach(undefined, 2), hasPlaceForEach(undefined, 1)],
      [true, true, false],
    );
    const one = { host: "w1", several: false, isDirectory: false };
    assert.equal(localTarget(copy, one), "out");
    assert.equal(localTarget(copy, { ...one, isDirectory: true }), "out/syslog");
    assert.equal(localTarget({ ...copy, local: "new/" }, one), "new/syslog");
    assert.equal(localTarget({ ...copy, local: "/" }, { ...one, isDirectory: true }), "/syslog");
    assert.equal(localTarget(copy, { ...one, several: true }), "out/w1/var/log/syslog");
  });

  it("lets others read here only what others could read there", () => {
    for (const [there, here] of [
      [0o644, 0o644],
      [0o640, 0o600],
      [0o666, 0o644],
      [0o4755, 0o755],
      [0o750, 0o700],
      [0o400, 0o400],
    ] as const)
      assert.equal(localMode(there), here);
  });

  const frame = (...lines: string[]): string => ["noise", "plinth-facts 1", ...lines, "end", ""].join("\n");
  const look = (more: Partial<PathLook> = {}): PathLook => ({ kind: "none", parent: "directory", owned: [], ...more });

  it("reads what a host tells of a path, and nothing that makes no sense", () => {
    const lines = ["kind file", "parent directory", `content ${sha256} 644 root:root`, "owned etcd", "owned node"];
    assert.deepEqual(parsePathLook(frame(...lines, "reserved /opt/plinth")), {
      ...{ kind: "file", parent: "directory", owned: ["etcd", "node"], reserved: "/opt/plinth" },
      content: { sha256, mode: "644", owner: "root:root" },
    });
    for (const bad of [["kind socket"], ["kind file"], ["kind none", "parent none", "owned a\u001bb"]])
      assert.throws(() => parsePathLook(frame(...bad)), /makes no sense|not complete/);
    assert.throws(() => parsePathLook("kind none\n"), /not complete/);
  });

  it("refuses paths of Plinth with the bundle's name, and paths that cannot be written", () => {
    const found = (more: Partial<PathLook>): string =>
      lookFindings("cp1", "/etc/x", look(more))
        .map(({ rule, kind, message }) => `${rule} ${kind} ${message}`)
        .join();
    assert.equal(found({}), "");
    assert.equal(found({ kind: "file" }), "");
    assert.equal(found({ kind: "file", owned: ["etcd"] }), "copy-owned guard /etc/x belongs to the bundle etcd");
    assert.match(found({ reserved: "/opt/plinth" }), /^copy-owned guard \/etc\/x is in \/opt\/plinth/);
    assert.match(found({ kind: "directory" }), /^copy input \/etc\/x is a directory/);
    assert.match(found({ kind: "other" }), /neither a file nor a directory/);
    assert.match(found({ parent: "none" }), /is not there/);
    assert.match(found({ parent: "closed" }), /cannot write/);
  });

  it("writes what is not there already, with the mode and the owner that it has unless others are wanted", () => {
    const there = look({ kind: "file", content: { sha256, mode: "644", owner: "root:root" } });
    const of = (seen: PathLook, wanted: WantedFile = {}, digest = sha256) =>
      writeOf(seen, { sha256: digest, mode: "0640" }, wanted);
    assert.equal(of(there), undefined);
    assert.equal(of(there, { mode: "0644", owner: "root:root" }), undefined);
    assert.deepEqual(of(there, { mode: "0600" }), { mode: "0600", owner: undefined });
    assert.deepEqual(of(there, { owner: "root" }), { mode: there.content?.mode, owner: "root" });
    assert.deepEqual(of(there, {}, "0b".repeat(32)), { mode: there.content?.mode, owner: undefined });
    assert.deepEqual(of(look()), { mode: "0640", owner: undefined });
  });

  it("reads the line in front of a file", () => {
    assert.deepEqual(parseFileHead(`plinth-file 12 ${sha256} 640`), { size: 12, sha256, mode: 0o640 });
    for (const line of ["", "plinth-file -1 x 1", `plinth-file 12 ${sha256} 640 x`])
      assert.equal(parseFileHead(line), undefined);
  });

  it("ends with the worst", () => {
    const of = (...outcomes: ("copied" | "unchanged" | "failed" | "unreachable" | "interrupted")[]): number =>
      exitCodeOfCopies(outcomes.map((outcome, index) => ({ host: `h${index}`, outcome })));
    assert.deepEqual(
      [
        of("copied", "unchanged"),
        of("copied", "failed"),
        of("failed", "unreachable"),
        of("interrupted", "unreachable"),
      ],
      [0, 1, 255, 130],
    );
  });
});
