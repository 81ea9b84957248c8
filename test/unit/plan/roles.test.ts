import assert from "node:assert/strict";
import fc from "fast-check";
import { bringUp, bundlesOf, stepsOf } from "../../../plan/bringup.ts";
import { renderBundle } from "../../../plan/bundle.ts";
import { planBundle, planHost } from "../../../plan/bundles/index.ts";
import { configKeys, withRoles, type ClusterConfig } from "../../../plan/config.ts";
import type { HostFacts } from "../../../plan/facts.ts";
import type { HostInput } from "../../../plan/inventory.ts";
import { unreadSecret } from "../../../plan/rawconfig.ts";
import { wordOf } from "../../../plan/resources.ts";
import { roleHidden } from "../../../plan/roles/config.ts";
import { roleFindingsOnHosts } from "../../../plan/roles/findings.ts";
import { formerRoles, mostFormerRoles } from "../../../plan/roles/former.ts";
import { roleOfBundle } from "../../../plan/roles/shape.ts";
import { roleTurns } from "../../../plan/roles/turns.ts";
import { secretText as textWith } from "../../../plan/roles/secrets.ts";
import { explain, originText } from "../../../plan/settings/explain.ts";
import { checkInput, type CheckedInput } from "../../../plan/stackinput.ts";
import { keyOf, nodesInService, orderSteps } from "../../../plan/waves.ts";
import {
  defineRole,
  directory,
  dropIn,
  file,
  group,
  kernelModule,
  packageInstalled,
  secret,
  secretText,
  service,
  sudoRule,
  symlink,
  sysctl,
  timer,
  unit,
  user,
  z,
  type HostWith,
  type RoleShape,
} from "../../../roles.ts";
import { factsOf, rawConfig, threeHosts } from "../../support/cluster.ts";

const time = defineRole({
  name: "time",
  parameters: z.object({ servers: z.array(z.string()).min(1), burst: z.boolean().default(true) }),
  plan: ({ parameters: { servers, burst } }) => [
    packageInstalled("chrony"),
    file("/etc/chrony/conf.d/site.conf", {
      content: servers.map((name) => `server ${name}${burst ? " iburst" : ""}\n`).join(""),
      restart: "chrony.service",
    }),
  ],
});
const banner = defineRole({ name: "banner", plan: ({ host }) => [file("/etc/motd", { content: host.name })] });

const worker = { name: "w1", address: "192.0.2.21" } as const;
type Written = Omit<HostInput, "roles"> & { roles: string[] };

function check(
  roles: readonly RoleShape[],
  extra: readonly Written[],
  raw: Record<string, unknown> = {},
): CheckedInput & { config: ClusterConfig } {
  const checked = checkInput([...threeHosts, ...extra], { ...rawConfig, ...raw }, roles);
  assert.ok(checked.config);
  return { ...checked, config: checked.config };
}

const sentences = ({ findings }: Pick<CheckedInput, "findings">): string[] =>
  findings.map(({ rule, hosts, message }) => `${rule} ${hosts.join(",")}: ${message}`);

function planned(input: ReturnType<typeof check>, name = "w1") {
  assert.deepEqual(sentences(input), []);
  const host = input.hosts.find((one) => one.name === name) ?? assert.fail();
  return planHost({ host, hosts: input.hosts, config: input.config });
}

const ofRole = (input: ReturnType<typeof check>, role: string, host = "w1") =>
  planned(input, host).find(({ name }) => name === `role-${role}`) ?? assert.fail(`no bundle of ${role}`);

const servers = { parameters: { time: { servers: ["ntp.example.com"] } } };

describe("roles", () => {
  it("come to a bundle of their own, with the units that their files restart", () => {
    const bundle = ofRole(check([time], [{ ...worker, roles: ["worker", "time"] }], servers), "time");
    assert.equal(
      renderBundle(bundle, 1, () => assert.fail("nothing is fetched")),
      [
        "plinth-bundle 1",
        "bundle role-time",
        "generation 1",
        "resource package chrony -- -",
        "resource service chrony.service --",
        "file /etc/chrony/conf.d/site.conf 0644 root:root restart=chrony.service",
        "|server ntp.example.com iburst",
        "unit chrony.service",
        "end",
        "",
      ].join("\n"),
    );
  });

  it("change nothing about stacks that have none", () => {
    const { config, hosts } = check([], [{ ...worker, roles: ["worker"] }]);
    assert.equal(stepsOf(config), bringUp);
    assert.ok(hosts.every((host) => !("projectRoles" in host)));
  });

  it("cannot be called like Plinth's own, or as hosts and URNs do not take it", () => {
    const named = (name: string) => () => defineRole({ name, plan: () => [] });
    for (const name of ["etcd", "worker", "control-plane", "load-balancer"]) assert.throws(named(name), /Plinth's own/);
    for (const name of ["", "Motd", "a_b", "-a", "a--b", "a".repeat(41)])
      assert.throws(named(name), /cannot have the name/);
  });

  it("are refused where the project has two of a name, or none", () => {
    assert.match(sentences(checkInput([], {}, [time, time]))[0] ?? "", /lists two roles with the name time/);
    const unknown = checkInput([...threeHosts, { ...worker, roles: ["worker", "tiem"] }], rawConfig, [time]);
    assert.match(sentences(unknown)[0] ?? "", /^inventory w1: field 'roles\.1' must be one of .*worker, time/);
  });

  it("say which parameter is wrong, where it stands, and what was expected", () => {
    const roles: Written[] = [{ ...worker, roles: ["worker", "time"] }];
    assert.deepEqual(sentences(check([time], roles)), [
      "role-parameters w1: of the role time, the parameter servers is missing",
    ]);
    assert.deepEqual(sentences(check([time], roles, { parameters: { time: { servers: "a", bursts: true } } })), [
      "role-parameters w1: of the role time, the parameter servers (plinth:parameters.time.servers) must be a list, and is a text",
      "role-parameters w1: of the role time, the parameter bursts (plinth:parameters.time.bursts) is none of the role's parameters",
    ]);
    assert.deepEqual(
      sentences(
        check([time], [{ ...worker, roles: ["worker"], parameters: { time: {} } }], { parameters: { tome: {} } }),
      ),
      [
        "unknown-role : plinth:parameters.tome is of a role that the project does not have (it has time)",
        "role-parameters w1: it has parameters of the role time, and its roles are worker",
      ],
    );
    assert.match(
      sentences(check([time], roles, { parameters: { time: { servers: [unreadSecret] } } }))[0] ?? "",
      /plinth:parameters has an encrypted value/,
    );
  });

  it("have parameters of the stack, of groups over them, and of hosts over all, and tell whose each is", () => {
    const input = check(
      [time],
      [
        { ...worker, roles: ["worker", "time"], zone: "a", parameters: { time: { burst: false } } },
        { name: "w2", address: "192.0.2.22", roles: ["worker", "time"] },
      ],
      {
        ...servers,
        groups: [
          { selector: { "topology.kubernetes.io/zone": "a" }, parameters: { time: { servers: ["a.example.com"] } } },
        ],
      },
    );
    const contents = (host: string) => ofRole(input, "time", host).files.map(({ content }) => content);
    assert.deepEqual(contents("w1"), ["server a.example.com\n"]);
    assert.deepEqual(contents("w2"), ["server ntp.example.com iburst\n"]);
    const told = (name: string) => {
      const host = input.hosts.find((one) => one.name === name) ?? assert.fail();
      return explain(host, input.hosts, input.config)
        .filter(({ path }) => path[0] === "parameters")
        .map(({ path, value, origins }) => [
          path.slice(1).join("."),
          JSON.stringify(value),
          ...origins.map((origin) => originText(origin, "parameters", "lab")),
        ]);
    };
    assert.deepEqual(told("w1"), [
      ["time.servers", '["a.example.com"]', "plinth:groups.0 (topology.kubernetes.io/zone=a)"],
      ["time.burst", "false", "hosts/lab.ts"],
    ]);
    assert.deepEqual(told("w2"), [
      ["time.servers", '["ntp.example.com"]', "plinth:parameters of the stack"],
      ["time.burst", "true", "the role time"],
    ]);
  });

  it("are refused where two of them, or Plinth, want the same, with both names and the host", () => {
    const other = defineRole({
      name: "other",
      plan: () => [
        file("/etc/motd", { content: "other" }),
        service("kubelet.service"),
        sysctl({ "vm.overcommit_memory": "0" }),
        file("/etc/sysctl.d/90-plinth.conf", { content: "" }),
      ],
    });
    const findings = sentences(check([banner, other], [{ ...worker, roles: ["worker", "banner", "other"] }]));
    assert.deepEqual(findings.sort(), [
      "role-conflict w1: Plinth's baseline and the role other both own the file /etc/sysctl.d/90-plinth.conf",
      "role-conflict w1: Plinth's baseline and the role other both own the kernel parameter vm.overcommit_memory",
      "role-conflict w1: the role banner and the role other both own the file /etc/motd",
      "role-conflict w1: the role other and Plinth's node both own the unit kubelet.service",
    ]);
  });

  it("may have a unit of somebody else run together, each with files of its own that it reads", () => {
    const reader = (name: string) =>
      defineRole({
        name,
        plan: () => [file(`/etc/ssh/sshd_config.d/${name}.conf`, { content: "", reload: "ssh.service" })],
      });
    const input = check([reader("a"), reader("b")], [{ ...worker, roles: ["worker", "a", "b"] }]);
    assert.deepEqual(sentences(input), []);
    assert.deepEqual(ofRole(input, "b").units, ["ssh.service"]);
    const own = defineRole({ name: "own", plan: () => [unit("ssh.service", "[Service]")] });
    assert.deepEqual(sentences(check([reader("a"), own], [{ ...worker, roles: ["worker", "a", "own"] }])), [
      "role-conflict w1: the role a and the role own both own the unit ssh.service",
    ]);
  });

  it("that cannot be planned are findings of their hosts", () => {
    const broken = defineRole({ name: "broken", plan: () => [file("etc/motd", { content: "" })] });
    assert.match(
      sentences(check([broken], [{ ...worker, roles: ["worker", "broken"] }]))[0] ?? "",
      /^role-plan w1: the role broken cannot be planned: the path "etc\/motd" must be an absolute path/,
    );
  });

  it("that cannot be planned on a host as it is are findings, too, once it has told what it is", () => {
    const fussy = defineRole({
      name: "fussy",
      plan: ({ facts: { family, selinux } }) => {
        if (family === "rhel" && selinux) throw new Error("no policy");
        return family === "suse" ? [file("/etc/sysctl.d/90-plinth.conf", { content: "" })] : [];
      },
    });
    const { hosts, config, findings } = check([fussy], [{ ...worker, roles: ["worker", "fussy"] }]);
    assert.deepEqual(findings, []);
    const on = (facts: Partial<HostFacts>) =>
      sentences({
        findings: roleFindingsOnHosts(hosts, config, new Map([["w1", { facts: factsOf("w1", facts) }]]), 1500),
      });
    assert.deepEqual(on({ family: "debian" }), []);
    assert.deepEqual(on({ family: "rhel" }), []);
    assert.deepEqual(on({ family: "rhel", selinux: "enforcing" }), [
      "role-plan w1: the role fussy cannot be planned on a host of the family rhel with SELinux: no policy",
    ]);
    assert.deepEqual(on({ family: "suse" }), [
      "role-conflict w1: Plinth's baseline and the role fussy both own the file /etc/sysctl.d/90-plinth.conf",
    ]);
  });

  it("that cannot tell which hosts they are for are findings", () => {
    const lost = defineRole({
      name: "lost",
      appliesTo: ({ labels }) => (labels["disk"] ?? assert.fail("no disk")) === "nvme",
      plan: () => [],
    });
    const expected = ["role-applies cp1,cp2,cp3: the role lost cannot tell whether it is for this host: no disk"];
    assert.deepEqual(sentences(check([lost, banner], [])), expected);
    const pool = checkInput([{ ...worker, roles: ["worker"] }], { clusterStack: "a/b/c" }, [lost]);
    assert.ok(sentences(pool).some((sentence) => sentence.startsWith("role-applies w1: the role lost")));
  });

  it("name secrets that never stand in a bundle's text", () => {
    const role = defineRole({
      name: "login",
      plan: ({ config }) => {
        assert.ok(!("secrets" in config));
        return [
          file("/etc/login", { content: secretText`user=a\npassword=${secret("login")}\n` }),
          file("/etc/token", { content: secret("token"), mode: "0640" }),
        ];
      },
    });
    const hosts: Written[] = [{ ...worker, roles: ["worker", "login"] }];
    const bundle = ofRole(check([role], hosts, { secrets: { login: "hunter2", token: "t0ken" } }), "login");
    const text = renderBundle(bundle, 1, () => assert.fail());
    assert.match(text, /secret \/etc\/login 0600 root:root\nsecret \/etc\/token 0640/);
    assert.ok(!/hunter2|t0ken|password/.test(text));
    const [first] = bundle.secrets;
    assert.ok(first?.source.kind === "role");
    assert.equal(textWith(first.source.text, { login: "hunter2" }), "user=a\npassword=hunter2\n");
    const inherited = defineRole({ name: "i", plan: () => [file("/etc/i", { content: secret("constructor") })] });
    assert.match(
      sentences(check([inherited], [{ ...worker, roles: ["worker", "i"] }]))[0] ?? "",
      /secret constructor, which plinth:secrets does not have/,
    );
    assert.match(
      sentences(check([role], hosts, { secrets: { login: "x" } }))[0] ?? "",
      /secret token, which plinth:secrets does not have/,
    );
    assert.deepEqual(sentences(check([role], hosts, { secrets: { login: unreadSecret } })), []);
    assert.throws(() => file("/etc/x", { content: secret("a"), mode: "0644" }), /everyone could read it/);
  });
});

describe("the configuration that roles are given", () => {
  it("has nothing secret anywhere in it", () => {
    const mark = "very-secret-very-secret";
    const keys = { accessKey: mark, secretKey: mark };
    const s3 = { endpoint: "https://s3.example.com", bucket: "sets", members: keys, operators: keys };
    const privateKey = `PRIVATE KEY ${mark}`;
    const ssh = { host: "b.example.com", user: "sets", privateKey, hostKey: "ssh-ed25519 AAAA", path: "/srv/sets" };
    const targets = [
      { name: "s", s3 },
      { name: "h", ssh },
    ];
    const secrets = {
      backup: { recipients: [`age1${"q".repeat(58)}`], password: mark, targets },
      proxy: { http: `http://ann:${mark}@proxy.example.com:3128` },
      registries: { "r.example.com": { mirrors: [{ url: "https://r.example.com" }] } },
      registryCredentials: { "r.example.com": { username: "ann", password: mark } },
      secrets: { login: mark },
      sudoPassword: mark,
    };
    let given: object | undefined;
    const role = defineRole({
      name: "curious",
      plan: ({ config, host, hosts }) => {
        given = { config, host, hosts };
        return [];
      },
    });
    const input = check([role], [{ ...worker, roles: ["worker", "curious"] }], secrets);
    planned(input);
    const strings = (value: unknown): unknown[] =>
      typeof value === "object" && value !== null ? Object.entries(value).flat().flatMap(strings) : [value];
    const marked = (value: unknown) => strings(value).filter((text) => String(text).includes(mark)).length;
    assert.equal(marked(input.config), 10, "the settings have it themselves");
    assert.ok(given !== undefined && "config" in given && strings(given.config).includes("demo"));
    assert.equal(marked(given), 0);
    // A key by whose name something secret can be told is in the list, or in none of the stack's secrets.
    const named = configKeys.filter((key) => /secret|password|credential|token|key$/i.test(key));
    assert.deepEqual(named.toSorted(), ["registryCredentials", "secrets", "sudoPassword"]);
    assert.ok(named.every((key) => (roleHidden as readonly string[]).includes(key)));
  });
});

describe("the steps of roles", () => {
  const after = defineRole({ name: "after", stage: "after-node", plan: () => [file("/etc/after", { content: "" })] });
  const machine = { name: "ntp1", address: "192.0.2.31", roles: ["banner", "after"] };
  const input = check(
    [banner, after],
    [
      { ...worker, roles: ["worker", "banner", "after"] },
      machine,
      { name: "lb1", address: "192.0.2.41", roles: ["load-balancer", "after"] },
    ],
  );
  const { hosts, config } = input;
  const options = { bootstrapped: true, config, unreachable: new Set<string>() };

  it("stand behind the baseline, or behind the Node", () => {
    const host = hosts.find(({ name }) => name === "w1") ?? assert.fail();
    assert.deepEqual(
      bundlesOf(host, config).map(({ name }) => name),
      ["baseline", "role-banner", "runtime", "node", "role-after"],
    );
  });

  it("are done once on each host that has them, whatever the host is and whether it serves", () => {
    for (const inService of [new Set<string>(), new Set(hosts.map(({ name }) => name))])
      for (const bootstrapped of [true, false]) {
        const steps = orderSteps(hosts, { ...options, bootstrapped, inService });
        const names = steps.map(keyOf);
        for (const wanted of [
          "w1/role-banner",
          "w1/role-after",
          "ntp1/role-banner",
          "ntp1/role-after",
          "lb1/role-after",
        ])
          assert.equal(names.filter((name) => name === wanted).length, 1, wanted);
        const place = (key: string): number => names.indexOf(key);
        assert.ok(place("w1/baseline") < place("w1/role-banner") && place("w1/role-banner") < place("w1/node"));
        assert.ok(place("w1/register") < place("w1/role-after"));
        for (const { after: before, ...step } of steps)
          for (const earlier of before) assert.ok(place(keyOf(earlier)) < place(keyOf(step)), keyOf(step));
      }
  });

  it("roll over machines besides the cluster in batches of their own", () => {
    const machines = Array.from({ length: 20 }, (_, index) => ({
      name: `m${index}`,
      address: `192.0.2.${100 + index}`,
      roles: ["banner"],
    }));
    const { hosts: all, config: own } = check([banner], machines, { maxUnavailable: "5" });
    const steps = orderSteps(all, { ...options, config: own, inService: new Set(all.map(({ name }) => name)) });
    const first = (name: string) => steps.find((step) => step.host === name) ?? assert.fail();
    assert.deepEqual(new Set(first("m1").after.map(({ host }) => host)), new Set(["m0"]), "the canary goes first");
    assert.equal(new Set(first("m6").after.map(({ host }) => host)).size, 5);
    const carrying = factsOf("m1", { bundles: { baseline: { generation: 1, state: "complete" } } });
    const readings = new Map([["m1", { facts: carrying }]]);
    assert.deepEqual([...nodesInService(all, readings)], ["m1"]);
  });

  it("take back what a host is not to have any more, be it defined or not", () => {
    const bundles = Object.fromEntries(
      ["role-banner", "role-gone", "role-after"].map((name) => [name, { generation: 1, state: "complete" as const }]),
    );
    const facts = factsOf("w1", { bundles });
    const { hosts: some, config: own } = check([banner, after], [{ ...worker, roles: ["worker", "after"] }]);
    const former = formerRoles(some, own, new Map([["w1", { facts }]]));
    assert.deepEqual(former, { formerRoles: { w1: ["banner", "gone"] } });
    const host = some.find(({ name }) => name === "w1") ?? assert.fail();
    const entries = bundlesOf(host, { ...own, ...former });
    assert.deepEqual(
      entries.map(({ name }) => name),
      ["baseline", "role-banner", "role-gone", "runtime", "node", "role-after"],
    );
    for (const entry of entries.filter(({ name }) => ["role-banner", "role-gone"].includes(name))) {
      const bundle = planBundle(entry, { host, hosts: some, config: own });
      const text = renderBundle(bundle, 1, () => assert.fail());
      assert.equal(text, `plinth-bundle 1\nbundle ${entry.name}\ngeneration 1\nend\n`);
    }
    assert.deepEqual(formerRoles(some, withRoles(own, []), new Map()), {});
  });

  it("take roles back before they bring others, whatever stage those are of", () => {
    const lists: Written[] = [
      { ...worker, roles: ["worker", "banner"] },
      { name: "w2", address: "192.0.2.22", roles: ["worker", "after"] },
    ];
    const { hosts: some, config: own } = check([banner, after], lists);
    const carrying = (...names: string[]) =>
      Object.fromEntries(names.map((name) => [name, { generation: 1, state: "complete" as const }]));
    const readings = new Map([
      ["w1", { facts: factsOf("w1", { bundles: carrying("node", "role-after", "role-motd") }) }],
    ]);
    const config = { ...own, ...formerRoles(some, own, readings) };
    for (const bootstrapped of [true, false])
      for (const inService of [new Set<string>(), new Set(["w1", "w2"])]) {
        const steps = orderSteps(some, { ...options, bootstrapped, config, inService });
        const of = (host: string): string[] => steps.flatMap((step) => (step.host === host ? [step.name] : []));
        const own = (names: string[]): string[] =>
          names.filter((name) => name.startsWith("role-") || name === "register");
        assert.deepEqual(own(of("w1").filter((name) => name !== "register")), [
          "role-after",
          "role-motd",
          "role-banner",
        ]);
        assert.deepEqual(own(of("w2")), ["register", "role-after"]);
        const waits = steps.find((step) => keyOf(step) === "w1/role-banner")?.after ?? [];
        assert.ok(waits.some((step) => keyOf(step) === "w1/role-motd"));
      }
  });

  it("let the role that gives a file up go before the one that gets it, and others in the order of the list", () => {
    const roleWith = (name: string, ...paths: string[]) =>
      defineRole({ name, plan: () => paths.map((path) => file(path, { content: "" })) });
    const roles = [roleWith("a", "/etc/f"), roleWith("b", "/etc/g"), roleWith("c")];
    const lists = [
      { ...worker, roles: ["worker", "a", "b", "c"] },
      { name: "w2", address: "192.0.2.22", roles: ["worker", "a", "b", "c"] },
    ];
    const { hosts: some, config: own } = check(roles, lists);
    const turnsOf = (...roleFiles: { bundle: string; path: string }[]) =>
      roleTurns(some, own, new Map([["w1", { facts: factsOf("w1", { roleFiles }) }]]), 1500);
    const turns = turnsOf({ bundle: "role-c", path: "/etc/f" }, { bundle: "role-b", path: "/etc/g" });
    const steps = orderSteps(some, { ...options, config: { ...own, ...turns }, inService: new Set(["w1", "w2"]) });
    const of = (host: string): string[] =>
      steps.flatMap(({ host: one, name }) => (one === host && name.startsWith("role-") ? [name] : []));
    assert.deepEqual(of("w1"), ["role-b", "role-c", "role-a"]);
    assert.deepEqual(of("w2"), ["role-a", "role-b", "role-c"]);
    // Nothing moves, or its role is not to stay; where it goes in a circle, each still has one turn.
    assert.deepEqual(turnsOf({ bundle: "role-a", path: "/etc/f" }, { bundle: "role-gone", path: "/etc/g" }), {});
    const circle = turnsOf({ bundle: "role-b", path: "/etc/f" }, { bundle: "role-a", path: "/etc/g" }).roleTurns?.[
      "w1"
    ];
    assert.deepEqual(Object.keys(circle ?? {}).sort(), Object.values(circle ?? {}).sort());
  });
});

describe("bundles that hosts say they carry", () => {
  it("are roles only by names that roles can have, and only so many", () => {
    for (const name of ["role-", "role-A", "role-a/b", "role-a b", "role-a--b", `role-${"a".repeat(41)}`, "etcd"])
      assert.equal(roleOfBundle(name), undefined, name);
    assert.equal(roleOfBundle("role-a-b"), "a-b");
    const { hosts, config } = check([], []);
    const claimed = [...Array.from({ length: 1000 }, (_, index) => `role-r${index}`), "role-../x"];
    const bundles = Object.fromEntries(
      claimed.map((name) => [name, { generation: 1, state: "complete" as const }] as const),
    );
    const { formerRoles: former } = formerRoles(
      hosts,
      config,
      new Map([["cp1", { facts: factsOf("cp1", { bundles }) }]]),
    );
    const taken = former?.["cp1"] ?? [];
    assert.equal(taken.length, mostFormerRoles);
    assert.ok(taken.every((name) => /^r\d+$/.test(name)));
  });
});

describe("blocks of roles", () => {
  it("put parameters and modules of the kernel into one file of the role each, and claim the values", () => {
    const role = defineRole({
      name: "net",
      plan: () => [
        kernelModule("tcp_bbr"),
        sysctl({ "net.core.somaxconn": 1024 }),
        sysctl({ "net.ipv4.tcp_rmem": "4096\t87380  6291456" }),
      ],
    });
    const bundle = ofRole(check([role], [{ ...worker, roles: ["worker", "net"] }]), "net");
    assert.deepEqual(
      bundle.files.map(({ path, content }) => [path, content]),
      [
        ["/etc/modules-load.d/70-role-net.conf", "tcp_bbr\n"],
        ["/etc/sysctl.d/70-role-net.conf", "net.core.somaxconn = 1024\nnet.ipv4.tcp_rmem = 4096 87380 6291456\n"],
      ],
    );
    assert.match(
      renderBundle(bundle, 1, () => assert.fail()),
      /resource module tcp_bbr --\nresource sysctl net\.core\.somaxconn -- 1024\nresource sysctl net\.ipv4\.tcp_rmem -- 4096%04087380%0406291456\n/,
    );
  });

  it("have each parameter of the kernel once in a role", () => {
    const role = defineRole({ name: "net", plan: () => [1024, 2048].map((n) => sysctl({ "net.core.somaxconn": n })) });
    assert.deepEqual(sentences(check([role], [{ ...worker, roles: ["worker", "net"] }])), [
      "role-plan w1: the role net cannot be planned: the kernel parameter net.core.somaxconn is given twice, as 1024 and as 2048: give it once",
    ]);
  });

  it("say what they cannot be made of", () => {
    for (const [make, expected] of [
      [() => file("/etc/../x", { content: "" }), /no \. or \.\./],
      [() => file("/etc/a b", { content: "" }), /must be an absolute path/],
      [() => file("/etc/a", { content: "", mode: "644" }), /four octal digits/],
      [() => file("/etc/a", { content: "", owner: "root" }), /user:group/],
      [() => file("/etc/a", { content: "", restart: "chrony" }), /name of a unit with its kind/],
      [() => file("/etc/a", { content: "", validate: "visudo -cf /etc/a" }), /one word is %/],
      [() => file("/etc/a", { content: "\0" }), /no character 0/],
      [() => user("root"), /nobody's but the host's/],
      [() => user("A"), /must be of a-z/],
      [() => user("a", { comment: "a:b" }), /no colon/],
      [() => group("g", { gid: 0 }), /at least 1/],
      [() => symlink("/etc/a", ""), /must be a path/],
      [() => sysctl({ somaxconn: 1 }), /kernel parameter such as/],
      [() => kernelModule("a b"), /kernel module such as/],
      [() => packageInstalled("a b"), /name of a package/],
      [() => timer("t", { onCalendar: "daily\n", command: "/bin/true" }), /one line/],
    ] as const)
      assert.throws(make, expected);
  });

  it("make a timer of two files, of which only the timer runs by itself, and drop-ins that restart their unit", () => {
    const bundle = timer("sweep", { onCalendar: "daily", command: "/usr/bin/sweep --all", randomDelay: 60 });
    assert.deepEqual(bundle.units, ["sweep.timer"]);
    assert.deepEqual(
      bundle.files?.map(({ path, restart }) => [path, restart]),
      [
        ["/etc/systemd/system/sweep.service", undefined],
        ["/etc/systemd/system/sweep.timer", ["sweep.timer"]],
      ],
    );
    const [rule] = sudoRule("ops", "%ops ALL=(ALL) NOPASSWD: ALL").files ?? [];
    assert.deepEqual(
      [rule?.path, rule?.mode, rule?.validate?.words],
      ["/etc/sudoers.d/ops", "0440", ["visudo", "-cf", "%"]],
    );
    const [over] = dropIn("cron.service", "limit", "[Service]\nMemoryMax=1G").files ?? [];
    assert.deepEqual([over?.path, over?.restart], ["/etc/systemd/system/cron.service.d/limit.conf", ["cron.service"]]);
    assert.deepEqual(unit("a.service", "[Service]").units, ["a.service"]);
    assert.deepEqual(directory("/srv/a").directories, [{ path: "/srv/a", mode: "0755", owner: "root:root" }]);
  });

  it("write words that end nowhere but where they do", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string({ unit: "binary", maxLength: 2 }), fc.constantFrom("\u00a0", "\u2028"))),
        (texts) => {
          const text = texts.join("");
          const word = wordOf(text);
          assert.match(word, /^[^\t\n\v\f\r |"\\]+$/);
          const back =
            word === "-"
              ? ""
              : word.replaceAll(/%([0-7]{3})/g, (_, code: string) => String.fromCharCode(parseInt(code, 8)));
          assert.equal(back, text);
        },
      ),
    );
  });
});

describe("types of roles", () => {
  it("know roles and their parameters", () => {
    type Roles = [typeof time, typeof banner];
    const hosts = [
      { name: "w1", address: "192.0.2.21", roles: ["worker", "time"], parameters: { time: { burst: false } } },
      { name: "m1", address: "192.0.2.22", roles: ["banner"] },
    ] satisfies HostWith<Roles>[];
    const wrong: HostWith<Roles>[] = [
      // @ts-expect-error: there is no such role
      { name: "w2", address: "192.0.2.23", roles: ["tiem"] },
      // @ts-expect-error: the role has no such parameter
      { name: "w3", address: "192.0.2.24", roles: ["time"], parameters: { time: { bursts: false } } },
      // @ts-expect-error: the parameter is a list of texts
      { name: "w4", address: "192.0.2.25", roles: ["time"], parameters: { time: { servers: 1 } } },
    ];
    assert.equal(hosts.length + wrong.length, 5);
  });
});
