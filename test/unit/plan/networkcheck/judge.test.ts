import assert from "node:assert/strict";
import { parseAnswers, type Answer, type HostAnswers } from "../../../../plan/networkcheck/answers.ts";
import { judgeNetwork, type NetworkReadings } from "../../../../plan/networkcheck/judge.ts";
import { choosePairs } from "../../../../plan/networkcheck/pairs.ts";
import { questionLine, questionsOf, type PathKind, type Question } from "../../../../plan/networkcheck/questions.ts";

const surroundings = { image: "i", dns: "10.29.0.10", api: "10.29.0.1", domain: "cluster.local", forwards: true };
const hosts = new Map([
  ["cp1", "192.0.2.11"],
  ["w1", "192.0.2.21"],
  ["lb1", "192.0.2.31"],
]);
const probes = ["cp1", "w1"].map((node, n) => ({ name: `p${n}`, uid: `u${n}`, node, address: `10.28.${n}.2` }));
const endpoint = "https://192.0.2.10:6443";
const input = {
  ...{ hosts, probes, pairs: choosePairs(["cp1", "w1"], Math.random), surroundings },
  endpoint: () => endpoint,
  ...{ service: { address: "10.29.7.7", nodePort: 31234 }, outsideName: undefined },
};

/** An answer as it should be. */
function good({ path }: Question): Answer {
  const ok = { exit: 0, status: 200, tries: 1 };
  if (path === "dns" || path === "dns-tcp")
    return { ...ok, dns: { code: "NOERROR", records: 1, addresses: ["10.29.0.1"] } };
  return path === "dns-outside" ? { ...ok, dns: { code: "REFUSED", records: 0, addresses: [] } } : ok;
}

/** What hosts say when all is well, but for some questions. */
function readings(
  changed: (question: Question) => Partial<Answer> | undefined = () => undefined,
  more: Partial<NetworkReadings> = {},
): NetworkReadings {
  const questions = questionsOf(input);
  const answers = new Map(
    [...questions].map(([host, asked]): [string, HostAnswers] => [
      host,
      {
        noPod: undefined,
        answers: new Map(asked.map((question) => [question.id, { ...good(question), ...changed(question) }])),
      },
    ]),
  );
  return {
    ...{ stack: "prod", questions, answers, waiting: [], waited: 90, leftOut: [], surroundings },
    ...{ outsideName: undefined, operator: { endpoint, failure: undefined }, ...more },
  };
}

const silent = { exit: 28, status: 0, tries: 2 };

describe("questions to the network", () => {
  const paths = (host: string) => (questionsOf(input).get(host) ?? []).map(({ path }) => path);
  const own: PathKind[] = ["pod-service", "pod-api", "dns", "dns-tcp", "dns-outside"];

  it("lets a host ask the API where it goes", () => {
    const endpoints = (host: string) => (host === "cp1" ? "https://192.0.2.11:6443" : endpoint);
    const asked = questionsOf({ ...input, endpoint: endpoints });
    const urls = ["cp1", "w1"].map((host) => asked.get(host)?.find(({ path }) => path === "endpoint")?.url);
    assert.deepEqual(urls, ["https://192.0.2.11:6443/readyz", `${endpoint}/readyz`]);
  });

  it("go through everything that pods use, on every Node", () => {
    for (const host of ["cp1", "w1"])
      assert.deepEqual(paths(host), ["pod-pod", "pod-pod-large", ...own, "node-port", "endpoint"]);
  });

  it("come from hosts that are no Nodes as well, as from outside", () => {
    assert.deepEqual(paths("lb1"), ["node-port", "endpoint"]);
  });

  it("are lines of plain words", () => {
    for (const asked of questionsOf(input).values())
      for (const question of asked)
        assert.match(questionLine(question), /^q\d+ (pod|host) \d+ \d+ (reads|-) https?:\/\/[\w.:/?=-]+$/);
  });

  it("ask one Node for each service port", () => {
    const servicePorts = ["http", "https", "smtp"].map((name, n) => ({ name, socket: `192.0.2.10:${80 + n}` }));
    const asked = [...questionsOf({ ...input, servicePorts }).values()].flat();
    const found = asked.filter(({ path }) => path === "service-port");
    assert.deepEqual(
      found.map(({ from, url, where }) => [from, url, where]),
      [
        ["cp1", "telnet://192.0.2.10:80", "host"],
        ["cp1", "telnet://192.0.2.10:82", "host"],
        ["w1", "telnet://192.0.2.10:81", "host"],
      ],
    );
    assert.deepEqual(
      [...questionsOf({ ...input, probes: [], pairs: [], servicePorts }).values()]
        .flat()
        .filter(({ path }) => path === "service-port").length,
      3,
    );
  });

  it("ask for no name outside where the cluster has no name servers", () => {
    const alone = { ...input, surroundings: { ...surroundings, forwards: false } };
    assert.ok((questionsOf(alone).get("w1") ?? []).every(({ path }) => path !== "dns-outside"));
  });
});

describe("the network", () => {
  it("works where every question has its answer", () => {
    const { hosts: tallies, ...verdict } = judgeNetwork(readings());
    assert.deepEqual(verdict, { paths: 21, findings: [], untested: [] });
    assert.deepEqual(tallies["lb1"], { "node-port": { tried: 1, failed: 0 }, endpoint: { tried: 1, failed: 0 } });
  });

  const sentence = (
    path: PathKind,
    answer: Partial<Answer>,
    from = "w1",
    more: Partial<NetworkReadings> = {},
  ): string => {
    const { findings } = judgeNetwork(
      readings((question) => (question.path === path && question.from === from ? answer : undefined), more),
    );
    assert.equal(findings.length, 1, path);
    assert.equal(findings[0]?.path, path);
    return findings[0].message;
  };

  it("has a sentence for every path that does not work", () => {
    assert.equal(
      sentence("pod-pod", silent),
      "a pod on w1 does not reach a pod on cp1 (10.28.0.2): no answer within 3 s, 2 times; look for a missing route or a firewall between these hosts: ./plinth ssh --stack prod w1 -- ip route get 10.28.0.2",
    );
    assert.match(sentence("pod-pod-large", silent), /packets of full size do not: .*; .* set plinth:mtu/);
    assert.match(
      sentence("pod-service", { exit: 7, tries: 6 }),
      /refused, or there is no route, 6 times; look at kube-proxy/,
    );
    assert.match(sentence("pod-api", { exit: 35 }), /does not reach the Service of the API \(10\.29\.0\.1\)/);
    const nothing = { code: "SERVFAIL", records: 0, addresses: [] };
    assert.match(sentence("dns", { dns: nothing }), /UDP\): SERVFAIL was answered, 10\.29\.0\.1 was expected/);
    assert.match(sentence("dns-tcp", { dns: { ...nothing, code: "NOERROR" } }), /TCP\): no address was answered/);
    assert.match(sentence("dns-outside", { dns: nothing }), /SERVFAIL was answered; correct plinth:dnsUpstreams/);
    assert.match(
      sentence("dns-outside", { dns: nothing }, "w1", { outsideName: "example.net", answers: named() }),
      /does not resolve example\.net .*: SERVFAIL was answered, an address was expected/,
    );
    assert.match(sentence("node-port", { status: 404 }, "lb1"), /^lb1 does not reach a NodePort of cp1 .* status 404/);
    assert.match(sentence("endpoint", silent, "lb1"), /^lb1 does not reach the API at https:\/\/192\.0\.2\.10:6443: /);
  });

  /** Answers of hosts that were asked for a name. */
  function named(): NetworkReadings["answers"] {
    const ok = { code: "NOERROR", records: 1, addresses: ["192.0.2.80"] };
    const nothing = { code: "SERVFAIL", records: 0, addresses: [] };
    return readings(({ path, from }) => (path === "dns-outside" ? { dns: from === "w1" ? nothing : ok } : undefined))
      .answers;
  }

  it("says once that a host is not reached at all", () => {
    const { findings, hosts: tallies } = judgeNetwork(
      readings(({ path, from }) => (path.startsWith("pod-pod") && from === "w1" ? silent : undefined)),
    );
    assert.deepEqual(tallies["w1"]?.["pod-pod-large"], { tried: 1, failed: 1 });
    assert.deepEqual(
      findings.map(({ path }) => path),
      ["pod-pod"],
    );
  });

  it("does not care what the API says", () => {
    const { findings } = judgeNetwork(readings(({ path }) => (path === "pod-api" ? { status: 503 } : undefined)));
    assert.deepEqual(findings, []);
  });

  it("does not work where a Node is ready and no pod comes up there", () => {
    const waiting = [
      { name: "p", node: "w2", reason: "cni0 has another address", tellsOfNetwork: true },
      { name: "q", node: "w3", reason: "there is no room", tellsOfNetwork: false },
    ];
    const { findings, untested } = judgeNetwork(readings(undefined, { waiting }));
    assert.match(
      findings[0]?.message ?? "",
      /^Node w2 is ready, but .* within 90 s: cni0 has another address; look there/,
    );
    assert.deepEqual(untested, [{ host: "w3", reason: "there is no room" }]);
  });

  it("is not judged where nobody could ask", () => {
    const known = readings();
    const answers = new Map<string, HostAnswers | { error: string }>(known.answers);
    answers.set("w1", { error: "no route to host" });
    const cp1 = answers.get("cp1");
    assert.ok(cp1 !== undefined && "answers" in cp1);
    const outside = [...cp1.answers].filter(([id]) =>
      (known.questions.get("cp1") ?? []).some((question) => question.id === id && question.where === "host"),
    );
    answers.set("cp1", { noPod: "nsenter fails", answers: new Map(outside) });
    const { hosts: tallies, ...verdict } = judgeNetwork({ ...known, answers });
    assert.deepEqual(Object.keys(tallies), ["cp1", "lb1"]);
    assert.deepEqual(verdict, {
      paths: 5,
      findings: [],
      untested: [
        { host: "cp1", reason: "nsenter fails" },
        { host: "w1", reason: "no route to host" },
      ],
    });
  });

  it("is missed by the operator's machine alone", () => {
    const { findings } = judgeNetwork(readings(undefined, { operator: { endpoint, failure: "no answer within 4 s" } }));
    assert.match(
      findings[0]?.message ?? "",
      /^this machine does not reach the API at https.*: no answer within 4 s; look who/,
    );
  });
});

describe("what a host says about its network", () => {
  const framed = (...lines: string[]) => ["plinth-facts 1", ...lines, "end", ""].join("\n");

  it("is read", () => {
    const { answers, noPod } = parseAnswers(
      framed("answer q1 0 200 1", "body q1 AACBAgABAAAAAAAAAAACAAE=", "answer q2 28 0 2"),
    );
    assert.equal(noPod, undefined);
    assert.deepEqual(answers.get("q2"), { exit: 28, status: 0, tries: 2 });
    assert.equal(answers.get("q1")?.dns?.code, "SERVFAIL");
  });

  it("is refused where it makes no sense", () => {
    assert.throws(() => parseAnswers("answer q1 0 200 1\n"), /not complete/);
    assert.throws(() => parseAnswers(framed("answer \u001b[2J 0 200 1")), /makes no sense/);
    assert.throws(() => parseAnswers(framed("body q1 ***")), /makes no sense/);
  });
});
