import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { askAsRoot } from "../../components/host/ask.ts";
import { readHost } from "../../components/host/reader.ts";
import { driftScript, factsScript } from "../../components/host/script.ts";
import { lookScript, readerInstaller, readerQuestion } from "../../plan/scripts.ts";
import { SshPool, type ExecOptions, type ExecResult } from "../../ssh/index.ts";
import { newKey, startSshServer } from "../unit/ssh/sshServer.ts";
import { Bundle } from "./support/bundle.ts";
import type { FakeHost } from "./support/fake-host.ts";
import { onHosts } from "./support/suite.ts";

const folder = "/usr/local/lib/plinth-reader";
const target = { host: "192.0.2.11" };

/** What sshd makes of a login with the key: the command that was asked for is a variable, and another one is run. */
function login(host: FakeHost, asked: string | undefined, stdin = "", more: Record<string, string> = {}): ExecResult {
  const { PATH = "" } = process.env;
  const { status, stdout, stderr, error } = spawnSync(host.shell, [host.path(`${folder}/plinth-reader`)], {
    input: stdin,
    encoding: "utf8",
    env: {
      PATH: `${join(host.fakes, "bin")}:${PATH}`,
      PLINTH_ROOT: host.root,
      PLINTH_FAKES: host.fakes,
      ...(asked === undefined ? {} : { SSH_ORIGINAL_COMMAND: asked }),
      ...more,
    },
  });
  // The reader does not read its input: whoever writes it may find nobody there.
  if (error !== undefined && (error as NodeJS.ErrnoException).code !== "EPIPE") throw error;
  return { code: status, signal: null, stdout, stderr };
}

onHosts("plinth-reader", (host) => {
  const question = readerQuestion(factsScript());
  const digest = /[0-9a-f]{64}/.exec(question)?.[0] ?? "";
  const other = /[0-9a-f]{64}/.exec(readerQuestion(lookScript("workloads")))?.[0] ?? "";
  const asReader = {
    exec: (_target: unknown, command: string, { stdin = "", onSend }: ExecOptions = {}) => {
      onSend?.();
      return Promise.resolve(login(host(), command, stdin));
    },
  };
  /** A key that may do everything: the user's shell runs what is asked for. */
  const asOperator = {
    exec: async (_target: unknown, command: string, { stdin = "", onSend }: ExecOptions = {}) => {
      onSend?.();
      writeFileSync(join(host().directory, "asked"), command);
      return { signal: null, ...(await host().runFile(join(host().directory, "asked"), [], stdin)) };
    },
  };
  const refused = (asked: string | undefined): string => {
    const before = host().snapshot();
    const { code, stdout, stderr } = login(host(), asked, "touch /tmp/plinth-reader-ran\n");
    assert.deepEqual([code, stdout], [77, ""], JSON.stringify(asked));
    assert.match(stderr, /^plinth-reader: [^\n]+\n$/, JSON.stringify(asked));
    assert.deepEqual(host().snapshot(), before);
    return stderr.trim();
  };

  beforeEach(async () => {
    host().command("id", "echo 0");
    const { code, stdout, stderr } = await host().runFile("-s", [], readerInstaller());
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, /\nrestrict,command="\/usr\/local\/lib\/plinth-reader\/plinth-reader"\n$/);
  });

  it("is installed by one script, which may be run again and leaves other versions", async () => {
    host().write(`${folder}/facts-${"0".repeat(64)}`, "old\n");
    const before = host().snapshot();
    assert.equal((await host().runFile("-s", [], readerInstaller())).code, 0);
    assert.deepEqual(host().snapshot(), before);
    assert.deepEqual(
      host().list(folder),
      [`facts-${"0".repeat(64)}`, `facts-${digest}`, `facts-${other}`, "plinth-reader"].sort(),
    );
    assert.equal(host().read(`${folder}/facts-${digest}`), factsScript());
    assert.equal(host().read(`${folder}/facts-${other}`), lookScript("workloads"));
    assert.deepEqual(
      [host().mode(`${folder}/plinth-reader`), host().mode(`${folder}/facts-${digest}`)],
      ["0755", "0644"],
    );
  });

  it("says that it could not be installed", async () => {
    host().command("mv", "exit 1");
    const { code, stderr } = await host().runFile("-s", [], readerInstaller());
    assert.deepEqual([code, /^plinth-reader: cannot write \S+ \(is this running as root/.test(stderr)], [1, true]);
  });

  it("tells a preview what a key tells that may do everything", async () => {
    await host().claim();
    await host().apply(new Bundle("demo", 5).service("a.service").file("/etc/x", "x"));
    const [one, other] = [
      await readHost(target, factsScript(), asReader),
      await readHost(target, factsScript(), asOperator),
    ];
    assert.ok("facts" in one && "facts" in other, JSON.stringify([one, other]));
    assert.deepEqual(one.facts.bundles, { demo: { generation: 5, state: "complete" } });
    const again: Record<string, unknown> = { ...other.facts };
    // The rest passes while one looks twice.
    const steady = Object.entries<unknown>({ ...one.facts }).filter(
      ([name]) => !/clock|elapsed|skew|memory|free|listen|swap/i.test(name),
    );
    assert.deepEqual(
      steady,
      steady.map(([name]) => [name, again[name]]),
    );
    assert.ok(steady.length > 15);
  });

  it("looks at the directories that it is asked for, and takes nothing else for one", async () => {
    host().write("/data/etcd/x", "");
    for (const way of [asReader, asOperator]) {
      const reading = await readHost(target, factsScript(), way, ["/data/etcd", "/data/none"]);
      assert.ok("facts" in reading, JSON.stringify(reading));
      assert.ok(reading.facts.populated.includes("/data/etcd"));
      assert.ok("/data/none" in reading.facts.diskFreeKiB);
    }
    for (const word of ["data", "machine", "-x", "/a/../b", "/a$(id)", "/a`id`", "/*", "/a|b", "/a&"])
      assert.match(refused(`: plinth-reader facts ${digest} /data ${word}; `), /is no directory$/);
  });

  it("looks at a host that carries roles alone as at one", async () => {
    for (const way of [asReader, asOperator]) {
      const reading = await readHost(target, factsScript(), way, ["machine"]);
      assert.ok("facts" in reading, JSON.stringify(reading));
      assert.deepEqual([reading.facts.features, reading.facts.uid], [{}, 0]);
    }
  });

  it("becomes root without a password, or says why it cannot", async () => {
    host().command("id", "echo 1000").command("sudo", '[ "$1" = -n ] && shift && exec "$@"');
    assert.ok("facts" in (await readHost(target, factsScript(), asReader)));
    host().command("sudo", "echo 'sudo: a password is required' >&2; exit 1");
    const reading = await readHost(target, factsScript(), asReader);
    assert.ok("failure" in reading);
    assert.equal(reading.failure, "sudo");
  });

  it("says in one sentence that it is asked by another version", async () => {
    const reading = await readHost(target, `${factsScript()}\n# newer\n`, asReader);
    assert.ok("failure" in reading);
    assert.equal(reading.failure, "refused");
    assert.match(
      reading.message,
      /^plinth-reader: this host has no facts script [0-9a-f]{12}: install that version by \.\/plinth reader, see docs\/ci\.md$/,
    );
  });

  it("answers no other question of ours", async () => {
    const drift = await askAsRoot(target, driftScript(), { seconds: 60 }, asReader);
    assert.deepEqual(
      [drift.code, drift.stdout, drift.stderr],
      [77, "", "plinth-reader: this key is for reading the facts of this host, and for nothing else\n"],
    );
  });

  it("works by SSH, although nobody reads the script that comes along", async () => {
    const { privateKey, publicKey } = newKey();
    const server = await startSshServer({
      publicKey,
      forcedCommand: host().path(`${folder}/plinth-reader`),
      environment: { PLINTH_ROOT: host().root, PATH: `${join(host().fakes, "bin")}:${process.env["PATH"] ?? ""}` },
    });
    const pool = new SshPool();
    try {
      const hostAt = { host: "127.0.0.1", port: server.port, hostKey: server.hostKey, privateKey };
      assert.ok("facts" in (await readHost(hostAt, factsScript(), pool)));
      const drift = await askAsRoot(hostAt, driftScript(), { seconds: 60 }, pool);
      assert.deepEqual([drift.code, drift.stdout], [77, ""]);
      assert.match(drift.stderr, /for reading the facts of this host, and for nothing else\n$/);
    } finally {
      await pool.close();
      await server.close();
    }
  });

  it("runs nothing of what is asked for", () => {
    const marker = join(host().directory, "ran");
    const run = `touch ${marker}`;
    for (const asked of [
      ...[
        undefined,
        "",
        " ",
        "sh",
        "bash -i",
        run,
        `$(${run})`,
        `\`${run}\``,
        `; ${run}`,
        "internal-sftp",
        "scp -t /etc",
      ],
      ...[`: plinth-reader facts`, `: plinth-reader facts ${digest}`, `: plinth-reader facts ;${digest};`],
      ...[`: plinth-reader drift ${digest};`, `: plinth-reader facts ${digest.toUpperCase()};`],
      ...[`: plinth-reader facts ${digest}${digest};`, `: plinth-reader facts ${digest.slice(1)};`],
      ...[
        `: plinth-reader facts ${digest} ;`,
        `: plinth-reader facts  ${digest};`,
        `:  plinth-reader facts ${digest};`,
      ],
      ...[
        `: plinth-reader facts ${digest}\n;`,
        `: plinth-reader facts \n${digest};`,
        `\n: plinth-reader facts ${digest};`,
      ],
      ...[
        `: plinth-reader facts ../../../../../bin/sh;`,
        `: plinth-reader facts /etc/passwd;`,
        `: plinth-reader facts *;`,
      ],
      ...[
        `: plinth-reader facts $(${run});`,
        `: plinth-reader facts \`${run}\`;`,
        `: plinth-reader facts ${digest}|${run};`,
      ],
      ...[
        `: plinth-reader facts -c;`,
        `: plinth-reader facts ${"?".repeat(64)};`,
        `: plinth-reader facts ${"é".repeat(32)};`,
      ],
      "x".repeat(100_000),
    ])
      refused(asked);
    // What stands behind the semicolon is not looked at.
    const { code, stdout } = login(host(), `${question}${run}; $(${run})`, `${run}\n`);
    assert.deepEqual([code, stdout.startsWith("plinth-facts 1\n"), stdout.endsWith("\nend\n")], [0, true, true]);
    assert.equal(existsSync(marker), false);
    assert.equal(existsSync("/tmp/plinth-reader-ran"), false);
  });

  it("refuses whatever is no question for facts", () => {
    const text = fc.string({ unit: "binary", maxLength: 80 }).filter((asked) => !asked.includes("\0"));
    const asked = fc.oneof(
      text,
      text.map((rest) => `: plinth-reader facts ${rest};`),
    );
    fc.assert(
      fc.property(asked, (value) => void refused(value)),
      { numRuns: 25 },
    );
  });
});
