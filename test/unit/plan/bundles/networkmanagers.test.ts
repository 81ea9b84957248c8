import assert from "node:assert/strict";
import { planHost } from "../../../../plan/bundles/index.ts";
import { configOf, hostsOf } from "../../../support/cluster.ts";

const ours = /^\/etc\/(NetworkManager|systemd\/network|systemd\/networkd\.conf\.d)\//;

describe("plan/bundles/networkmanagers", () => {
  const filesOf = (input: unknown, config = configOf()) => {
    const hosts = hostsOf(input);
    return hosts.map((host) =>
      planHost({ host, hosts, config }).flatMap(({ files }) => files.filter(({ path }) => ours.test(path))),
    );
  };
  const worker = [{ name: "w1", address: "192.0.2.31", roles: ["worker"], hostKey: "ssh-ed25519 KEY" }];

  it("tells NetworkManager and networkd which interfaces are those of pods", () => {
    const [files = []] = filesOf(worker);
    const contentOf = (path: string) => files.find((file) => file.path === path)?.content ?? "";
    assert.match(
      contentOf("/etc/NetworkManager/conf.d/90-plinth.conf"),
      /^match-device=interface-name:cni0,interface-name:flannel\.1,interface-name:veth\*\nmanaged=0$/m,
    );
    assert.match(contentOf("/etc/systemd/network/00-plinth.network"), /^Name=cni0 flannel\.1 veth\*$/m);
    assert.match(contentOf("/etc/systemd/network/00-plinth.network"), /^Unmanaged=yes$/m);
    assert.match(contentOf("/etc/systemd/networkd.conf.d/90-plinth.conf"), /^ManageForeignRoutes=no$/m);
    for (const { restart } of files) assert.deepEqual(restart, ["plinth-network-managers.service"]);
  });

  it("says nothing where there are no pods, or their network is somebody else's", () => {
    const apart = [
      { name: "lb1", address: "192.0.2.41", roles: ["load-balancer"], hostKey: "ssh-ed25519 KEY" },
      { name: "w1", address: "192.0.2.31", roles: ["worker"], hostKey: "ssh-ed25519 KEY" },
    ];
    const [balancer = []] = filesOf(apart);
    assert.deepEqual(balancer, []);
    assert.deepEqual(filesOf(worker, configOf({ network: "none" })), [[]]);
  });
});
