import assert from "node:assert/strict";
import { apiserverFileLimits } from "../../../plan/apiserverfiles.ts";
import { planCluster } from "../../../plan/bundles/index.ts";
import { renderBundle } from "../../../plan/bundle.ts";
import { unifiedDiff } from "../../../plan/bundlechanges.ts";
import { renderClaim } from "../../../plan/claim.ts";
import type { HostInput } from "../../../plan/inventory.ts";
import { renderNodeManifest, renderRoster, renderTaints } from "../../../plan/roster.ts";
import { renderRosterAccess } from "../../../plan/rosteraccess.ts";
import { parseEntries, renderRosterText } from "../../../plan/rostertext.ts";
import { withScripts } from "../../../plan/scriptchanges.ts";
import { bundleOf, configOf, hostsOf, threeHosts } from "../../support/cluster.ts";

/** Bytes of one text of a command. One argument of a shell holds 131,072; half of it leaves room for what is to come. */
const textBudget = 64_000;

const digest = "a".repeat(64);
const locate = () => ({ sha256: digest, url: `https://mirror.example.com/plinth/scripts/plinth-host/${digest}` });

function workers(count: number): HostInput[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `worker-${String(index).padStart(4, "0")}`,
    address: `10.${8 + Math.floor(index / 60_000)}.${Math.floor(index / 250) % 250}.${(index % 250) + 1}`,
    roles: ["worker"],
    labels: { "example.com/rack": `r${index % 40}` },
  }));
}

const manyPorts = Array.from({ length: 20 }, (_, index) => ({
  name: `port-${index}`,
  port: 8000 + index,
  nodePort: 30_000 + index,
}));

describe("texts of commands", function () {
  this.timeout(120_000); // Thousands of texts, on machines that have other things to do.

  it("hold their budget on every host of a large cluster", () => {
    const hosts = hostsOf([...threeHosts, ...workers(1000)]);
    const config = configOf({ servicePorts: manyPorts, images: ["pause", "coredns"] });
    const texts = planCluster(hosts, config).map(({ host, bundle }) => ({
      what: `${bundle.name} of ${host.name}`,
      bytes: Buffer.byteLength(renderBundle(bundle, 4_000_000_000, locate)),
    }));
    const broken = texts.filter(({ bytes }) => bytes > textBudget);
    assert.deepEqual(broken, []);
    // What a worker gets does not grow with the cluster.
    const few = planCluster(hostsOf([...threeHosts, ...workers(1)]), config);
    for (const { host, bundle } of few.filter(({ host: { name } }) => name === "worker-0000")) {
      const now = texts.find(({ what }) => what === `${bundle.name} of ${host.name}`);
      assert.equal(now?.bytes, Buffer.byteLength(renderBundle(bundle, 4_000_000_000, locate)), bundle.name);
    }
  });

  it("hold their budget with as many files of the operator as there may be", () => {
    const hosts = hostsOf();
    const [host] = hosts;
    assert.ok(host);
    const file = { file: "large", secret: false };
    const config = configOf({
      apiserverFiles: { "/etc/kubernetes/apiserver/a": file, "/etc/kubernetes/apiserver/b": file },
    });
    const line = `${"x".repeat(79)}\n`;
    const texts = new Map([["large", line.repeat(apiserverFileLimits.all / 2 / line.length)]]);
    const bundle = bundleOf("controlplane", { host, hosts, config, texts });
    assert.ok(Buffer.byteLength(renderBundle(bundle, 4_000_000_000, locate)) < textBudget);
  });

  it("of the roster hold their budget, whatever the number of hosts", () => {
    const hosts = hostsOf([...threeHosts, ...workers(5000)]);
    const machineIds = Object.fromEntries(hosts.map(({ name }, index) => [name, String(index).padStart(32, "0")]));
    const [host] = hosts.slice(-1);
    assert.ok(host);
    const variables = { MANIFEST: renderNodeManifest(host, "prod"), TAINTS: renderTaints(host), OWNER: "prod" };
    for (const script of ["access", "drain", "register", "evacuation", "roster"] as const) {
      const more = script === "access" ? { MANIFEST: renderRosterAccess() } : variables;
      const text = renderRosterText({ script, node: host.name, deadline: 300, variables: more });
      assert.ok(Buffer.byteLength(text) < textBudget / 8, script);
    }
    // The list itself is read from standard input, which has no limit.
    const { members, nodes } = parseEntries(renderRoster(hosts, machineIds));
    assert.deepEqual([members.size, nodes.size], [3, 5003]);
  });

  it("of claims do not grow with the host script, and a review shows which of its lines change", () => {
    const script = (last: string): string =>
      [...Array.from({ length: 6000 }, (_, line) => `# line ${line} of a script that is 200 kB longer`), last, ""].join(
        "\n",
      );
    const contents: Record<string, string> = {
      ["a".repeat(64)]: script("echo old"),
      ["b".repeat(64)]: script("echo new"),
    };
    assert.ok(Object.values(contents).every((text) => text.length > 200_000));
    const claim = (sha256: string): string =>
      renderClaim({ sha256, url: `http://192.0.2.5:8410/scripts/plinth-host/${sha256}` }, 1);
    const [before, after] = [claim("a".repeat(64)), claim("b".repeat(64))];
    assert.ok(after.length < 4000);
    const shown = withScripts(before, after, ({ sha256 }) => contents[sha256]);
    const changed = unifiedDiff(shown.before, shown.after, 0).filter((line) => /^[-+]\|/.test(line));
    assert.deepEqual(changed, ["-|echo old", "+|echo new"]);
  });
});
