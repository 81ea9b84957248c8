import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { eventually } from "../../support/eventually.ts";
import { hosts, vipHolder } from "../support/hosts.ts";
import type { Project } from "../support/project.ts";
import { healthy } from "../support/status.ts";

/** A module that sets the clock of the process that imports it ten minutes forward. */
const shiftedClock = `
const real = Date;
globalThis.Date = class extends real {
  constructor(...parts) {
    if (parts.length === 0) super(real.now() + 600_000);
    else super(...parts);
  }
  static now() {
    return real.now() + 600_000;
  }
};
`;

/**
 * What befalls hosts and clusters in the field, made by hand on a cluster that runs: each is found by name by `preview`, `status`,
 * `drift` or `check network`, or is healed, and is over once it has been put right.
 */
export function conditions(project: Project): void {
  describe("conditions of the field", () => {
    const preview = async (pattern: RegExp) => {
      assert.match((await project.expect(0, "preview")).text, pattern);
    };
    const kubectl = (...args: string[]) => project.expect(0, "kubectl", ...args);
    /** `status` is red by this, `drift` finds it, and `up --heal` repairs it. */
    const healed = async (status: RegExp, drift: RegExp) => {
      assert.match((await project.expect(1, "status")).text, status);
      assert.match((await project.expect(4, "drift")).text, drift);
      await project.expect(0, "up", "--heal", "--yes");
      await healthy(project);
      await project.expect(0, "drift");
    };

    it("a resolver on loopback alone is told at preview", async () => {
      await project.read("w1", "mv /etc/resolv.conf /root/was; echo nameserver 127.0.0.53 >/etc/resolv.conf");
      await preview(/w1: its \/etc\/resolv\.conf has only loopback name servers.*\[resolver\]/);
      await project.read("w1", "mv /root/was /etc/resolv.conf");
      await preview(/^Plan: no changes\.$/m);
    });

    it("a forward chain that drops is told at preview, and by the test of the network", async () => {
      await project.read(
        "w1",
        "nft add table ip filter; nft 'add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }'",
      );
      await preview(/w1: its firewall drops traffic between pods and other hosts: chain FORWARD.*\[forward-drop\]/);
      const { text } = await project.expect(1, "check", "network");
      assert.match(text, /a pod on cp1 does not reach a pod on w1/);
      assert.match(text, /cp1 does not reach a NodePort of w1/);
      assert.doesNotMatch(text, /a pod on cp1 does not reach a pod on w2/);
      assert.match((await project.expect(1, "status")).text, /the network did not work 0 min ago/);
      await project.read("w1", "nft delete table ip filter");
      await project.expect(0, "check", "network");
      await healthy(project);
    });

    it("rules that somebody flushed come back within 30 s", async () => {
      await project.read("w2", "nft flush ruleset");
      await eventually("the rules of kube-proxy and flannel are back", 30, async () => {
        const tables = await project.read("w2", "nft list tables");
        return /ip kube-proxy/.test(tables) && /flannel/.test(tables) ? true : undefined;
      });
      await project.expect(0, "check", "network");
      await healthy(project);
    });

    it("a smaller link is told at preview", async () => {
      await project.read("w1", "ip link set host0 mtu 1400");
      await preview(/w1: its link carries packets of 1400 bytes, those of the control-plane hosts 1500.*\[mtu\]/);
      await project.read("w1", "ip link set host0 mtu 1500");
    });

    it("a VIP that was taken off its interface is healed", async () => {
      const holder = await vipHolder(project);
      await project.read(holder, "ip address delete 10.27.0.10/32 dev host0");
      await eventually("one host has the VIP, and the API answers there", 30, async () => {
        const owner = await vipHolder(project).catch(() => undefined);
        return owner !== undefined && (await project.plinth("kubectl", "get", "--raw", "/readyz")).code === 0
          ? true
          : undefined;
      });
      await healthy(project);
    });

    it("a clock that goes ahead of the hosts' is told at preview", async () => {
      const file = path.join(project.dir, "shifted-clock.mjs");
      writeFileSync(file, shiftedClock);
      const before = process.env["NODE_OPTIONS"];
      process.env["NODE_OPTIONS"] = `--import ${file}`;
      try {
        const { text } = await project.expect(3, "preview");
        assert.match(text, /cp1, cp2, cp3: their clocks are \d+\.\d s behind this machine's.*\[clock-skew\]/);
      } finally {
        if (before === undefined) delete process.env["NODE_OPTIONS"];
        else process.env["NODE_OPTIONS"] = before;
      }
    });

    it("lost+found of a disk is nobody's data", async () => {
      await project.read("cp2", "mkdir -m 700 /var/lib/etcd/lost+found");
      await preview(/^Plan: no changes\.$/m);
      await project.expect(0, "drift");
      await project.read("cp2", "rmdir /var/lib/etcd/lost+found");
    });

    it("a proxy in root's environment keeps nothing from working", async () => {
      const proxy = "http://192.0.2.9:3128";
      const lines = ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"].map((name) => `${name}=${proxy}\\n`);
      await project.read(
        "w1",
        [
          "cp /etc/environment /root/environment",
          `printf '${lines.join("")}' >>/etc/environment`,
          `echo 'proxy = ${proxy}' >/root/.curlrc`,
          "rm /opt/plinth/bin/kube-proxy",
        ].join(" && "),
      );
      await project.expect(0, "up", "--heal", "--yes");
      await project.expect(0, "check", "network");
      await project.expect(0, "drift");
      await project.read("w1", "mv /root/environment /etc/environment; rm /root/.curlrc");
    });

    it("labels and taints of ours that somebody took off Nodes are told, and healed", async () => {
      await kubectl("label", "node", "w2", "topology.plinth/rack-");
      await kubectl("taint", "node", "cp2", "node-role.kubernetes.io/control-plane-");
      await healed(
        /w2: the Node is not as declared \(the label topology\.plinth\/rack is gone\): run up --heal/,
        /cp2 +node +node +cp2 +the taint node-role\.kubernetes\.io\/control-plane:NoSchedule is gone/,
      );
    });

    it("an add-on that somebody deleted is told, and healed", async () => {
      await kubectl("--namespace", "kube-system", "delete", "deployment", "coredns");
      await healed(/coredns/, /deployment kube-system\/coredns/i);
      await project.expect(0, "check", "network");
    });

    it("an add-on that somebody scaled to nothing is told, and healed", async () => {
      await kubectl("--namespace", "kube-system", "scale", "deployment", "metrics-server", "--replicas=0");
      await healed(/metrics-server/, /metrics-server/);
    });

    it("a binding of ours that somebody deleted is told, and healed", async () => {
      await kubectl("delete", "clusterrolebinding", "plinth:node-bootstrappers");
      assert.match((await project.expect(4, "drift")).text, /plinth:node-bootstrappers/);
      await project.expect(0, "up", "--heal", "--yes");
      await project.expect(0, "drift");
    });

    for (const name of ["w1", hosts[0]]) {
      it(`the Node ${name} that somebody deleted is told, and registered again by the next up`, async () => {
        await kubectl("delete", "node", name);
        assert.match((await project.expect(1, "status")).text, new RegExp(`${name}: `));
        await preview(new RegExp(`${name}: the cluster has no Node of this host any more`));
        await project.expect(0, "up", "--yes");
        await healthy(project, 120);
        await project.expect(0, "drift");
        await project.expect(0, "up", "--yes", "--expect-no-changes");
      });
    }

    it("a disk that is full is told at preview, and by the test of the network", async () => {
      const data = "/var/lib/kubelet";
      // A small file system over the kubelet's directory, with what the kubelet is known by, and full.
      await project.read(
        "w1",
        [
          "systemctl stop kubelet",
          `mount -t tmpfs -o size=40m tmpfs /mnt && cp -a ${data}/kubeconfig ${data}/pki /mnt/ && mount --move /mnt ${data}`,
          `{ dd if=/dev/zero of=${data}/fill bs=1M 2>/dev/null || true; }`,
          "systemctl start kubelet",
        ].join(" && "),
      );
      await preview(
        /w1: the file system of \/var\/lib\/kubelet has \d+ MiB free and the kubelet wants.*\[disk-pressure\]/,
      );
      assert.match((await project.expect(1, "check", "network")).text, /Node w1 |w1 +/);
      await project.read("w1", `systemctl stop kubelet && umount -l ${data} && systemctl start kubelet`);
      await eventually("the network works again", 180, async () =>
        (await project.plinth("check", "network")).code === 0 ? true : undefined,
      );
      await healthy(project, 180);
    });
  });
}
