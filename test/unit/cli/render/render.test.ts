import assert from "node:assert/strict";
import { bundleDiff, newLines } from "../../../../cli/render/bundle-diff.ts";
import { formatDuration } from "../../../../cli/render/duration.ts";
import { failuresOf, notDoneLines, trimCommandError } from "../../../../cli/render/failures.ts";
import { changeCounts, plannedChanges, previewLines } from "../../../../cli/render/preview.ts";
import { stepLine } from "../../../../cli/render/steps.ts";
import { displayNameOf, formatDisplayName } from "../../../../cli/render/display-name.ts";
import { formatTable } from "../../../../cli/render/table.ts";
import { componentModule, parseUrn } from "../../../../cli/render/urn.ts";
import { RunEvents } from "../../../../cli/pulumi/events.ts";
import { bare, commandStep, commandUrn, newStep } from "../support.ts";

const hosts = ["cp1", "cp10"];

describe("names of resources", () => {
  const name = (type: string, resource: string): string =>
    formatDisplayName(displayNameOf(`urn:pulumi:lab::plinth::${type}::${resource}`, hosts));

  it("are what people call them", () => {
    assert.equal(name("command:remote:Command", "cp1-etcd"), "etcd on cp1");
    assert.equal(name("command:remote:Command", "etcd-cp10"), "etcd on cp10");
    assert.equal(name("command:remote:Command", "cp1"), "host on cp1");
    assert.equal(name("tls:index/privateKey:PrivateKey", "kubernetes-ca"), "kubernetes-ca key");
    assert.equal(
      name("tls:index/locallySignedCert:LocallySignedCert", "cp1-apiserver"),
      "apiserver certificate on cp1",
    );
    assert.equal(name("pulumi:providers:command", "default_1_2_1"), "default_1_2_1 command provider");
    assert.equal(name("cloud:compute:Machine", "web"), "web Machine");
  });

  it("know URNs and the component around a resource", () => {
    const urn = parseUrn(
      "urn:pulumi:lab::plinth::plinth:index:Cluster$plinth:etcd:Member$command:remote:Command::a::b",
    );
    assert.ok(urn !== undefined);
    assert.deepEqual([urn.stack, urn.type, urn.name], ["lab", "command:remote:Command", "a::b"]);
    assert.equal(componentModule(urn), "etcd");
    assert.equal(parseUrn("nonsense"), undefined);
    const cluster = parseUrn("urn:pulumi:lab::plinth::plinth:index:Cluster$random:index/randomId:RandomId::x");
    assert.equal(cluster === undefined ? "" : componentModule(cluster), "cluster");
  });
});

describe("lines for steps", () => {
  const step = { op: "create", urn: commandUrn("cp1-etcd"), custom: true, started: 0, ended: 12_340, failed: false };

  it("say what, where and how long", () => {
    assert.equal(stepLine(step, hosts, bare), "  + created etcd on cp1 (12.3 s)");
    assert.equal(stepLine({ ...step, failed: true }, hosts, bare), "  x create etcd on cp1 failed (12.3 s)");
    assert.equal(
      stepLine({ ...step, op: "delete-replaced" }, hosts, bare),
      "  - deleted the replaced etcd on cp1 (12.3 s)",
    );
  });

  it("leave out components, providers and headings", () => {
    assert.equal(stepLine({ ...step, custom: false }, hosts, bare), undefined);
    assert.equal(stepLine({ ...step, op: "replace" }, hosts, bare), undefined);
    assert.equal(
      stepLine({ ...step, urn: "urn:pulumi:lab::p::pulumi:providers:tls::default" }, hosts, bare),
      undefined,
    );
  });

  it("format time and tables", () => {
    assert.deepEqual([40, 12_340, 99_900, 99_960, 185_000].map(formatDuration), [
      "0.0 s",
      "12.3 s",
      "99.9 s",
      "1 min 40 s",
      "3 min 05 s",
    ]);
    assert.deepEqual(
      formatTable([
        ["A", "B"],
        ["\u001b[31mlong\u001b[0m", "x"],
      ]),
      ["  A     B", "  \u001b[31mlong\u001b[0m  x"],
    );
  });
});

describe("failures", () => {
  const urn = commandUrn("cp1-etcd");
  const reason = "cp1: etcd.service did not become healthy within 30 s (check etcd-health): x";

  it("lose the command text that the engine repeats", () => {
    const raw = `Process exited with status 1: running "{ cat <<'END'\\nsay \\"hi\\"\\n}":\n${reason}`;
    assert.equal(trimCommandError(raw), reason);
    assert.equal(trimCommandError("Process exited with status 255"), "Process exited with status 255");
    assert.equal(trimCommandError("no such thing"), "no such thing");
    assert.equal(trimCommandError(`on host 192.0.2.11:\n${reason}`), reason);
  });

  it("are reported once, with the resource, and without the engine's echoes", () => {
    const error = (message: string, at: string | undefined = urn) => ({ urn: at, severity: "error" as const, message });
    const stack = "urn:pulumi:lab::plinth::pulumi:pulumi:Stack::plinth-lab";
    const failures = failuresOf(
      [
        error(reason),
        error(reason),
        error(reason, undefined),
        error("update failed", stack),
        error("1 error occurred:"),
      ],
      hosts,
    );
    assert.deepEqual(failures, [{ resource: "etcd on cp1", message: reason }]);
  });

  it("name what was declared and never reached", () => {
    const events = new RunEvents();
    events.steps.push({ op: "create", urn, custom: true, started: 0, ended: 1, failed: true });
    const declared = ["cp1-etcd", "cp1-controlplane", "cp10-etcd"].map((name) => ({
      type: "command:remote:Command",
      name,
    }));
    assert.deepEqual(notDoneLines(events, declared, hosts), ["not done: controlplane on cp1, etcd on cp10"]);
    assert.deepEqual(notDoneLines(events, declared.slice(0, 1), hosts), []);
    const many = Array.from({ length: 15 }, (_, index) => ({ type: "a:b:C", name: `r${index}` }));
    assert.match(notDoneLines(events, many, hosts)[0] ?? "", / r11 C and 3 more$/);
  });
});

describe("changed lines of a bundle", () => {
  const before = ["bundle etcd", "|a", "|b", "|c", "|d", "|--quota=1", "end", ""].join("\n");

  it("are a unified diff with little context", () => {
    const after = before.replace("quota=1", "quota=2");
    assert.deepEqual(bundleDiff({ create: before }, { create: after }, ["create"]), [
      "@@ -4,4 +4,4 @@",
      " |c",
      " |d",
      "-|--quota=1",
      "+|--quota=2",
      " end",
    ]);
  });

  it("never show secrets", () => {
    const lines = bundleDiff(
      { create: before, stdin: "KEY ONE", connection: { host: "a", privateKey: "KEY" }, environment: "[secret]" },
      { create: before, stdin: "KEY TWO", connection: { host: "b", privateKey: "KEY" }, environment: "[secret]" },
      ["stdin", "connection.host", "environment"],
    );
    assert.deepEqual(lines, [
      "connection: [secret] changed",
      "environment: [secret] → [secret]",
      "stdin: [secret] changed",
    ]);
    assert.deepEqual(bundleDiff({ create: "[secret]" }, { create: before }, []).join().includes("quota"), true);
    assert.deepEqual(bundleDiff({ create: before }, { create: "[secret]" }, []).at(-1)?.endsWith("→ [secret]"), true);
  });

  it("are all lines of what is new, and no secret", () => {
    assert.deepEqual(newLines({ create: "one\ntwo\n", stdin: "KEY" }), ["+one", "+two"]);
    assert.deepEqual(newLines({ create: "[secret]" }), ["create: [secret]"]);
    assert.deepEqual(newLines({}), ["create: (not set)"]);
  });

  it("say when a value is known only after the change", () => {
    const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
    assert.deepEqual(bundleDiff({ logging: "none" }, { logging: unknown }, ["logging"]), [
      "logging: none → (known after the change)",
    ]);
  });
});

describe("a preview", () => {
  it("shows lines that go to several hosts once, and machines each of them", () => {
    const events = new RunEvents();
    events.changes = { create: 3 };
    const create = `bundle role-motd\n${"a long line\n".repeat(10)}`;
    for (const host of ["cp1", "cp10"]) events.planned.push(newStep(`${host}-role-motd`, { create }));
    const changes = plannedChanges(events, hosts, true);
    assert.deepEqual(previewLines(events, changes, bare), [
      "  + create role-motd on cp1",
      "      +bundle role-motd",
      ...Array.from({ length: 10 }, () => "      +a long line"),
      "  + create role-motd on cp10",
      "      (the same lines as of role-motd on cp1)",
      "Plan: 2 to create.",
    ]);
    assert.deepEqual(changes[0]?.diff, changes[1]?.diff);
    assert.deepEqual(
      plannedChanges(events, hosts, false).map(({ diff }) => diff),
      [undefined, undefined],
    );
  });

  it("has one line per resource, and changed lines on demand", () => {
    const events = new RunEvents();
    events.changes = { update: 2, same: 5 };
    events.planned.push(
      commandStep("update", "cp1-etcd", { create: "a\n" }, { create: "b\n" }),
      commandStep("update", "cp10-etcd", { create: "a\n" }, { create: "b\n" }),
      { ...commandStep("create", "cp1", {}, {}), custom: false },
    );
    const changes = plannedChanges(events, hosts, true);
    assert.deepEqual(previewLines(events, changes, bare), [
      "  ~ update etcd on cp1",
      "      @@ -1,1 +1,1 @@",
      "      -a",
      "      +b",
      "  ~ update etcd on cp10",
      "      @@ -1,1 +1,1 @@",
      "      -a",
      "      +b",
      "Plan: 2 to update.",
    ]);
    assert.equal(plannedChanges(events, hosts, false)[0]?.diff, undefined);
  });

  it("shows a deletion without lines: the engine says null where there is nothing new", () => {
    const events = new RunEvents();
    const step = commandStep("delete", "cp1-claim", { create: "a\n" }, {});
    events.planned.push({ ...step, metadata: { ...step.metadata, new: null as never } });
    const changes = plannedChanges(events, hosts, true);
    assert.deepEqual(previewLines(events, changes, bare), ["  - delete claim on cp1", "Plan: 1 to delete."]);
  });

  it("says when there is nothing to do, or nothing but bookkeeping", () => {
    const events = new RunEvents();
    assert.deepEqual(previewLines(events, [], bare), ["Plan: no changes."]);
    events.changes = { create: 1 };
    assert.deepEqual(previewLines(events, [], bare), ["1 to change in the state only, nothing on hosts."]);
    assert.equal(changeCounts([{ op: "create" }, { op: "create" }, { op: "delete" }]), "2 to create, 1 to delete");
  });
});
