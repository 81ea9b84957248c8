/** What blocks of roles do with disks: made where there is nothing, never over data, never taken away. */

import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { renderResource, type Resource } from "../../plan/resources.ts";
import { defineRole, mount, renderRole, swap } from "../../roles.ts";
import { Bundle } from "./support/bundle.ts";
import { onHosts } from "./support/suite.ts";

onHosts(
  "disks of roles",
  (host) => {
    const role = (...resources: Resource[]): Bundle =>
      resources.reduce((bundle, resource) => bundle.line(renderResource(resource)), new Bundle("role-demo"));
    const empty = (): Bundle => new Bundle("role-demo", 2);
    const blank = (name: string): void => {
      host().write(name, "");
      writeFileSync(host().path(name), Buffer.alloc(2 ** 20 + 512));
    };

    beforeEach(async () => {
      await host().claim();
      blank("/dev/sdb");
      // A device in this test is a file; what is on it stands at its beginning.
      host().command("blkid", 'for device in "$@"; do :; done; head -n 1 "$device" | sed -n "s/^FS=//p" | grep .');
      host().command("lsblk", "echo sdb");
      host().command(
        "mkfs.ext4",
        'for device in "$@"; do :; done; echo "$*" | sed "s|$PLINTH_ROOT||" >>"$PLINTH_FAKES/log"; { echo FS=ext4; cat "$device"; } >"$device.new" && mv "$device.new" "$device"',
      );
    });

    describe("a filesystem", () => {
      const ext4 = role({ kind: "filesystem", key: "/dev/sdb", type: "ext4", label: "data" });

      it("is made on a device that holds nothing, once, and stays when the role goes", async () => {
        const { changed } = await host().apply(ext4);
        assert.deepEqual(changed, ["filesystem:/dev/sdb"]);
        assert.deepEqual(host().log(), ["-L data /dev/sdb"]);
        assert.deepEqual((await host().apply(ext4)).changed, []);
        await host().apply(empty());
        assert.match(readFileSync(host().path("/dev/sdb"), "latin1"), /^FS=ext4\n/);
        assert.deepEqual(host().log(), []);
      });

      it("is not made over another one, over partitions, over bytes that no tool knows, or where there is no device", async () => {
        const refused = async (said: RegExp): Promise<void> => {
          assert.match(await host().refuse(ext4, 1), said);
          assert.deepEqual(host().log(), []);
        };
        host().write("/dev/sdb", "FS=xfs\n");
        await refused(
          /\/dev\/sdb holds xfs, and nothing is made over data; if it may go, run `blkdiscard -z \/dev\/sdb`/,
        );
        blank("/dev/sdb");
        host().command("lsblk", "echo sdb; echo sdb1");
        await refused(/\/dev\/sdb has partitions or volumes/);
        host().command("lsblk", "echo sdb");
        writeFileSync(
          host().path("/dev/sdb"),
          Buffer.concat([Buffer.alloc(1000), Buffer.from("x"), Buffer.alloc(2 ** 20)]),
        );
        await refused(/\/dev\/sdb holds bytes that no tool knows/);
        host().command("rm-device", 'rm "$PLINTH_ROOT/dev/sdb"');
        await host().runFile(host().path("/../fakes/bin/rm-device"), []);
        await refused(/there is no device \/dev\/sdb/);
      });
    });

    describe("volumes of LVM", () => {
      const group = (...devices: string[]): Resource => ({ kind: "volumegroup", key: "data", devices });
      const volume = (size: string): Resource => ({ kind: "volume", key: "data/etcd", size });

      beforeEach(() => {
        blank("/dev/sdc");
        host().command("vgs", 'cat "$PLINTH_FAKES/pvs" 2>/dev/null');
        host().command("pvs", "exit 5");
        for (const tool of ["vgcreate", "vgextend"])
          host().command(
            tool,
            `shift; echo "${tool} $*" >>"$PLINTH_FAKES/log"; shift; printf "  %s\\n" "$@" >>"$PLINTH_FAKES/pvs"`,
          );
        host().command("lvs", 'cat "$PLINTH_FAKES/size" 2>/dev/null');
        host().command(
          "lvcreate",
          'echo "lvcreate $*" >>"$PLINTH_FAKES/log"; while [ $# -gt 0 ]; do if [ "$1" = --size ]; then echo "  ${2%b}" >"$PLINTH_FAKES/size"; fi; shift; done',
        );
        host().command("lvextend", 'echo "lvextend $*" >>"$PLINTH_FAKES/log"; echo "  ${4%b}" >"$PLINTH_FAKES/size"');
      });

      it("come on devices that hold nothing, grow, and stay", async () => {
        await host().apply(role(group("/dev/sdb"), volume("1048576")));
        assert.deepEqual(host().log(), [
          "vgcreate data /dev/sdb",
          "lvcreate -q -y -W n --size 1048576b --name etcd data",
        ]);
        assert.deepEqual((await host().apply(role(group("/dev/sdb"), volume("1048576")))).changed, []);
        await host().apply(role(group("/dev/sdb", "/dev/sdc"), volume("2097152")));
        assert.deepEqual(host().log(), ["vgextend data /dev/sdc", "lvextend -q --resizefs --size 2097152b data/etcd"]);
        // What is larger than asked for stays.
        assert.deepEqual((await host().apply(role(group("/dev/sdb", "/dev/sdc"), volume("1048576")))).changed, []);
        await host().apply(empty());
        assert.deepEqual(host().log(), []);
      });

      it("are not made over data", async () => {
        host().write("/dev/sdb", "FS=ext4\n");
        assert.match(
          await host().refuse(role(group("/dev/sdb")), 1),
          /\/dev\/sdb holds ext4, and nothing is made over data/,
        );
        assert.deepEqual(host().log(), []);
      });
    });

    describe("a file to swap to", () => {
      const swapfile = (bytes: number): Bundle => role({ kind: "swapfile", key: "/swap", bytes });

      beforeEach(() => {
        host().command("mkswap", "true");
        host().command("swapoff", 'echo "swapoff $*" | sed "s|$PLINTH_ROOT||" >>"$PLINTH_FAKES/log"');
        host().write("/proc/swaps", "Filename Type\n");
      });

      it("is for root alone, changes its size when it is not used, and goes where it was not there before", async () => {
        await host().apply(swapfile(65_536));
        assert.equal(statSync(host().path("/swap")).size, 65_536);
        assert.equal(statSync(host().path("/swap")).mode & 0o777, 0o600);
        assert.deepEqual((await host().apply(swapfile(65_536))).changed, []);
        host().write("/proc/swaps", "Filename Type\n/swap file\n");
        await host().apply(swapfile(131_072));
        assert.deepEqual(host().log(), ["swapoff /swap"]);
        assert.equal(statSync(host().path("/swap")).size, 131_072);
        await host().apply(empty());
        assert.ok(!host().exists("/swap"));
      });

      it("is used by a unit of its own", async () => {
        const plan = () => [swap("/swap", "1MiB"), mount("/dev/sdb", "/srv")];
        const { text } = renderRole(defineRole({ name: "demo", plan }));
        const { started } = await host().apply({ text: () => text });
        assert.deepEqual(started, ["swap.swap", "srv.mount"]);
      });

      it("is not made over one of somebody else", async () => {
        host().write("/swap", "theirs");
        assert.match(
          await host().refuse(swapfile(65_536), 1),
          /\/swap was there before, with another size than 65536 bytes/,
        );
        assert.equal(host().read("/swap"), "theirs");
      });
    });
  },
  120,
);
