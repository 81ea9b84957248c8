import assert from "node:assert/strict";
import { isKeyMaterial } from "../../../plan/bundle.ts";
import { planHost } from "../../../plan/bundles/index.ts";
import { parseConfig } from "../../../plan/config.ts";
import { noProxyOf, renderProxies } from "../../../plan/proxy.ts";
import { configOf, hostsOf, rawConfig, threeHosts } from "../../support/cluster.ts";

const plain = { http: "http://proxy.example.net:3128", https: "http://proxy.example.net:3128" };
const login = { https: "http://robot:p%40ss@proxy.example.net:3128", noProxy: [".corp.example", "10.1.0.0/16"] };
const places = ["/etc/plinth/proxy.env", "/etc/containerd/proxy.env"];
const planned = (proxy?: object, inventory: unknown = threeHosts) => {
  const hosts = hostsOf(inventory);
  const [host] = hosts;
  assert.ok(host);
  return planHost({ host, hosts, config: configOf(proxy === undefined ? {} : { proxy }) });
};
const unitOf = (bundles: ReturnType<typeof planned>): string =>
  bundles.flatMap(({ files }) => files).find(({ path }) => path.endsWith("/containerd.service"))?.content ?? "";

describe("plinth:proxy", () => {
  it("is for containerd and packages, in files of root's, and nobody has one without it", () => {
    const bundles = planned(plain);
    const found = bundles.flatMap(({ files }) => files).filter(({ path }) => path.endsWith("proxy.env"));
    assert.deepEqual(
      found.map(({ path, mode, restart }) => [path, mode, restart]),
      [
        [places[0], "0600", []],
        [places[1], "0600", ["containerd.service"]],
      ],
    );
    assert.equal(found[0]?.content, found[1]?.content);
    assert.match(unitOf(bundles), /^EnvironmentFile=\/etc\/containerd\/proxy\.env$/m);
    assert.doesNotMatch(JSON.stringify(planned()), /proxy\.env/);
  });

  it("has a login in which other characters are written as %XX, and no other percent sign", () => {
    const findings = (http: string) => parseConfig({ ...rawConfig, proxy: { http } }).findings.length;
    assert.equal(findings("http://ann:%40%2f@proxy.example.net"), 0);
    for (const wrong of [
      "http://%@proxy.example.net",
      "http://ann:%4@proxy.example.net",
      "http://a%zz@proxy.example.net",
    ])
      assert.equal(findings(wrong), 1, wrong);
  });

  it("with a login is a secret: it is in no text of a host", () => {
    const bundles = planned(login);
    const secrets = bundles.flatMap((bundle) => bundle.secrets).filter(({ path }) => places.includes(path));
    assert.deepEqual(
      secrets.map(({ mode, source }) => [mode, isKeyMaterial(source)]),
      [
        ["0600", true],
        ["0600", true],
      ],
    );
    assert.doesNotMatch(JSON.stringify(bundles), /p%40ss|robot/);
    assert.equal(renderProxies(configOf({ proxy: login })).split("\n")[0], `HTTPS_PROXY=${login.https}`);
  });

  it("leaves out this machine, the cluster's networks and names, the artifact server, and who is named", () => {
    const config = configOf({
      proxy: login,
      vipName: "api.example.net",
      artifactsUrl: "https://mirror.example.net/plinth",
    });
    assert.deepEqual(noProxyOf(config), [
      ...["localhost", "127.0.0.0/8", config.nodeSubnet, config.podCidr, config.serviceCidr, config.vip],
      ...["api.example.net", ".svc", ".cluster.local", "mirror.example.net", ".corp.example", "10.1.0.0/16"],
    ]);
    const balanced = { vip: "", externalEndpoint: "lb.example.net:443", proxy: plain };
    assert.ok(noProxyOf(configOf(balanced)).includes("lb.example.net"));
  });

  it("does not change where a host is added", () => {
    const more = [...threeHosts, { name: "w1", address: "192.0.2.40", roles: ["worker"] }];
    const files = (bundles: ReturnType<typeof planned>) =>
      bundles.flatMap((bundle) => bundle.files).filter(({ path }) => places.includes(path));
    assert.deepEqual(files(planned(plain)), files(planned(plain, more)));
  });

  it("refuses what is none, by its place", () => {
    const refused: [unknown, RegExp][] = [
      [{ http: "proxy.example.net:3128" }, /plinth:proxy\.http must be the URL of a proxy/],
      [{ https: "socks5://proxy.example.net" }, /plinth:proxy\.https must be the URL of a proxy/],
      [{ http: "http://us er:x@proxy.example.net" }, /plinth:proxy\.http must be the URL of a proxy/],
      [{ http: 'http://proxy.example.net\nX="1' }, /plinth:proxy\.http must be the URL of a proxy/],
      [{ ...plain, noProxy: ["a b"] }, /plinth:proxy\.noProxy\.0 must be a name/],
      [{ ...plain, noProxy: "a,b" }, /plinth:proxy\.noProxy/],
      [{ noProxy: ["a"] }, /plinth:proxy has a noProxy and no proxy/],
      [{ ...plain, all: "x" }, /plinth:proxy.*all/],
    ];
    for (const [proxy, message] of refused) {
      const said = parseConfig({ ...rawConfig, proxy }).findings.map((finding) => finding.message);
      assert.match(said.join(), message);
    }
  });
});
