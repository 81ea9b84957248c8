import assert from "node:assert/strict";
import { bundles } from "../../../../plan/bringup.ts";
import { compose, conflictsBetween, socketsOf } from "../../../../plan/bundles/compose.ts";
import type { PartContent } from "../../../../plan/bundles/content.ts";
import type { BundlePart, Socket } from "../../../../plan/bundles/part.ts";
import type { Host } from "../../../../plan/inventory.ts";
import { configOf, hostsOf } from "../../../support/cluster.ts";

const config = configOf();
const hosts = hostsOf();
const [host] = hosts as [Host];
const join = (...parts: BundlePart[]) => compose("demo", parts, { host, hosts, config });
const part = (name: string, content: PartContent = {}, more: Partial<BundlePart> = {}): BundlePart => ({
  name,
  plan: () => content,
  ...more,
});
const file = (path: string) => ({ path, mode: "0644", owner: "root:root", content: "" });
const unit = (name: string): PartContent => ({
  units: [`${name}.service`],
  checks: [{ name: "unit-active", deadline: 1, unit: `${name}.service`, args: {} }],
});
const tcp = (address: string, port: number): Socket => ({ protocol: "tcp", address, port, unit: "x.service" });

describe("plan/bundles/compose", () => {
  it("joins parts in their order, and what they share once", () => {
    const user = { name: "web", home: "/srv" };
    const directory = { path: "/srv", mode: "0755", owner: "root:root" };
    const shared = { users: [user], directories: [directory] };
    const tool = { name: "nftables", command: "nft" };
    const bundle = join(
      part("a", { ...unit("a"), files: [file("/a")], packages: [tool] }, shared),
      part("b", { ...unit("b"), files: [file("/b")], packages: [tool] }, { ...shared, directories: [directory] }),
    );
    assert.equal(bundle.name, "demo");
    assert.deepEqual(
      bundle.files.map(({ path }) => path),
      ["/a", "/b"],
    );
    assert.deepEqual([bundle.units, bundle.users], [["a.service", "b.service"], [user]]);
    assert.deepEqual([bundle.directories, bundle.packages], [[directory], [tool]]);
  });

  it("starts, and checks, a part after those that it names, whatever their order otherwise", () => {
    const bundle = join(
      part("first", { ...unit("first"), files: [file("/first")] }, { startsAfter: ["second", "not-here"] }),
      part("second", { ...unit("second"), files: [file("/second")] }),
    );
    assert.deepEqual(
      bundle.files.map(({ path }) => path),
      ["/first", "/second"],
    );
    assert.deepEqual(bundle.units, ["second.service", "first.service"]);
    assert.deepEqual(
      bundle.checks.map((check) => check.unit),
      ["second.service", "first.service"],
    );
    assert.throws(
      () => join(part("a", {}, { startsAfter: ["b"] }), part("b", {}, { startsAfter: ["a"] })),
      /the bundle demo: a, b start after one another/,
    );
  });

  it("leaves out a part that is not for the host, with its ports", () => {
    const nowhere = { appliesTo: () => false, listens: () => [tcp("*", 80)] };
    const bundle = join(part("a", unit("a"), nowhere), part("b", unit("b"), { listens: () => [tcp("*", 80)] }));
    assert.deepEqual(bundle.units, ["b.service"]);
  });

  it("refuses two parts that own one file, binary, unit or port, with both names", () => {
    const refuses = (a: BundlePart, b: BundlePart, message: string) => {
      assert.throws(() => join(a, b), { message: `the bundle demo of cp1: ${message}` });
    };
    const secret = { ...file("/x"), source: { kind: "encryption-config" } } as const;
    const download = { ...file("/x"), source: "x" };
    refuses(part("a", { files: [file("/x")] }), part("b", { secrets: [secret] }), "a and b both own the file /x");
    refuses(part("a", { files: [file("/x")] }), part("b", { downloads: [download] }), "a and b both own the file /x");
    const binary = { name: "x", version: "1" };
    refuses(part("a", { binaries: [binary] }), part("b", { binaries: [binary] }), "a and b both own the binary x");
    refuses(part("a", unit("x")), part("b", unit("x")), "a and b both own the unit x.service");
    const listening = (name: string, address: string, port = 80) =>
      part(name, {}, { listens: () => [tcp(address, port)] });
    refuses(listening("a", "127.0.0.1"), listening("b", "*"), "a and b both listen on tcp *:80");
    assert.doesNotThrow(() => join(listening("a", "127.0.0.1"), listening("b", "192.0.2.1")));
    assert.doesNotThrow(() => join(listening("a", "*"), listening("b", "*", 81)));
  });

  it("refuses users, directories and certificates that two want differently, and tells all conflicts at once", () => {
    const owner = (name: string, home: string, mode: string, commonName: string) => ({
      name,
      sockets: [],
      users: [{ name: "web", home }],
      directories: [{ path: "/srv", mode, owner: "root:root" }],
      secrets: [
        {
          path: `/${name}.crt`,
          mode: "0644",
          owner: "root:root",
          source: {
            kind: "leaf" as const,
            part: "certificate" as const,
            leaf: { name: "web", authority: "etcd" as const, commonName, dnsNames: [], ipAddresses: [], uses: [] },
          },
        },
      ],
    });
    assert.deepEqual(conflictsBetween([owner("a", "/", "0755", "x"), owner("b", "/", "0755", "x")]), []);
    assert.deepEqual(conflictsBetween([owner("a", "/", "0755", "x"), owner("b", "/srv", "0700", "y")]), [
      "a and b want the certificate web differently",
      "a and b want the user web differently",
      "a and b want the directory /srv differently",
    ]);
  });

  it("tells ports also where the input is not right", () => {
    const config = configOf({ vip: "", servicePorts: [{ name: "web", port: 80, nodePort: 30080 }] });
    for (const { parts } of bundles) socketsOf(parts, host, config);
  });
});
