import assert from "node:assert/strict";
import { chmodSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createServer as listen, type AddressInfo, type Socket } from "node:net";
import { parseAnswers } from "../../plan/networkcheck/answers.ts";
import { networkScript } from "../../plan/scripts.ts";
import type { FakeHost } from "./support/fake-host.ts";
import { onHosts } from "./support/suite.ts";

const uid = "6b1f7a5e-0000-4000-8000-000000000001";

onHosts("a host that tests its network", (host) => {
  let server: Server;
  let asked: { url: string; fill: number; inPod: boolean }[];
  let failures: number;
  const address = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  beforeEach(async () => {
    asked = [];
    failures = 0;
    server = createServer((request, response) => {
      const fill = String(request.headers["x-fill"] ?? "").length;
      asked.push({ url: request.url ?? "", fill, inPod: request.headers["user-agent"] === "pod" });
      if (failures > 0) {
        failures -= 1;
        request.socket.destroy();
        return;
      }
      response.end(Buffer.from([0, 1, 2, 255]));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    // No test waits.
    host().command("sleep", "exit 0");
    // What runs in the pod is known by its name.
    host().command(
      "nsenter",
      `test "$1" = --net=/proc/42/ns/net || exit 1; shift; test "$1" = true && exit 0; shift; exec curl --user-agent pod "$@"`,
    );
  });
  afterEach(() => new Promise((resolve) => server.close(resolve)));

  const withContainer = (status = "RUNNING"): void => {
    host().write(
      "/opt/plinth/bin/ctr",
      `#!/bin/sh
case "$*" in
  "--namespace k8s.io containers ls --quiet labels.\\"io.kubernetes.pod.uid\\"==\\"${uid}\\"") echo own ;;
  "--namespace k8s.io tasks ls") printf '%s\\n' "TASK PID STATUS" "other 41 RUNNING" "own 42 ${status}" ;;
  *) exit 1 ;;
esac
`,
    );
    chmodSync(host().path("/opt/plinth/bin/ctr"), 0o755);
  };
  const run = async (current: FakeHost, probe: string | undefined, questions: string[]) => {
    const script = networkScript({ probe, questions, authority: "" });
    const { code, stdout, stderr } = await current.runFile("-s", [], script);
    assert.equal(code, 0, stderr);
    assert.equal(stderr, "");
    return parseAnswers(stdout);
  };

  it("asks from its own network and from inside of the probe's", async () => {
    withContainer();
    const { answers, noPod } = await run(host(), uid, [
      `q1 pod 5 12000 - ${address()}/large`,
      `q2 host 5 0 - ${address()}/host`,
    ]);
    assert.equal(noPod, undefined);
    assert.deepEqual([...answers.keys()].sort(), ["q1", "q2"]);
    assert.deepEqual(answers.get("q1"), { exit: 0, status: 200, tries: 1 });
    assert.deepEqual(
      asked.toSorted((a, b) => a.url.localeCompare(b.url)),
      [
        { url: "/host", fill: 1, inPod: false },
        { url: "/large", fill: 12_000, inPod: true },
      ],
    );
  });

  it("asks again after a failure, and tells the last one", async () => {
    failures = 1;
    const { answers } = await run(host(), undefined, [`q1 host 5 0 - ${address()}/`]);
    assert.deepEqual(answers.get("q1"), { exit: 0, status: 200, tries: 2 });
    failures = 100;
    const { answers: failed } = await run(host(), undefined, [`q1 host 5 0 - ${address()}/`]);
    assert.deepEqual(failed.get("q1"), { exit: 52, status: 0, tries: 6 });
  });

  it("hands over what is read, also where it is no text", async () => {
    const script = networkScript({ probe: undefined, questions: [`q1 host 5 0 reads ${address()}/`], authority: "" });
    const { stdout } = await host().runFile("-s", [], script);
    assert.match(stdout, /^body q1 AAEC\/w==$/m);
  });

  it("tells when it cannot ask from inside, and asks the rest", async () => {
    const questions = [`q1 pod 5 0 - ${address()}/`, `q2 host 5 0 - ${address()}/`];
    const without = await run(host(), uid, questions);
    assert.match(without.noPod ?? "", /containerd knows no running container/);
    assert.deepEqual([...without.answers.keys()], ["q2"]);
    withContainer("STOPPED");
    assert.match((await run(host(), uid, questions)).noPod ?? "", /containerd knows no running container/);
    withContainer();
    host().command("nsenter", "exit 1");
    assert.match((await run(host(), uid, questions)).noPod ?? "", /cannot be entered/);
  });

  it("asks whether a connection is kept, without a word, whatever is spoken there", async () => {
    const behaviours: Record<string, (socket: Socket) => void> = {
      keeps: (socket) => socket.on("error", () => undefined),
      greets: (socket) => socket.end("220 mail.example.net\r\n"),
      closes: (socket) => socket.end(),
      resets: (socket) => socket.resetAndDestroy(),
    };
    const servers = await Promise.all(
      Object.entries(behaviours).map(async ([name, behave]) => {
        const listener = listen(behave);
        await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
        return { name, listener, port: (listener.address() as AddressInfo).port };
      }),
    );
    const questions = servers.map(({ port }, index) => `q${index + 1} host 1 0 - telnet://127.0.0.1:${port}`);
    try {
      const { answers } = await run(host(), undefined, questions);
      const exits = servers.map(({ name }, index) => [name, answers.get(`q${index + 1}`)?.exit]);
      const { resets, ...rest } = Object.fromEntries(exits) as Record<string, number | undefined>;
      assert.deepEqual(rest, { keeps: 0, greets: 0, closes: 52 });
      // A reset may come before curl knows that it is connected.
      assert.ok(resets === 56 || resets === 7, String(resets));
    } finally {
      await Promise.all(servers.map(({ listener }) => new Promise((resolve) => listener.close(resolve))));
    }
  });

  it("leaves nothing behind", async () => {
    host().env = { ...host().env, TMPDIR: host().path("/run") };
    await run(host(), undefined, [`q1 host 5 0 - ${address()}/`]);
    assert.deepEqual(
      host()
        .list("/run")
        .filter((name) => name.includes("tmp")),
      [],
    );
  });
});
