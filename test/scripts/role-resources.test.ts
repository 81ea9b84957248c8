/** What roles put on hosts besides files and units: made, found changed, taken back. */

import assert from "node:assert/strict";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Bundle } from "./support/bundle.ts";
import { onHosts } from "./support/suite.ts";
import { userDatabase } from "./support/users.ts";

interface Status {
  bundles: { bundle: string; drift: { kind: string; name: string; detail: string }[] }[];
}

/** A modprobe for which the kernel has `inside`, and `short` is another name of `long-name`. */
const modprobe = [
  "case $1 in -*) name=$2 ;; *) name=$1 ;; esac",
  '[ "$name" != short ] || name=long-name',
  'directory=$PLINTH_ROOT/sys/module/$(echo "$name" | tr - _)',
  "case $1 in",
  '  --show-depends) if [ "$name" = inside ]; then echo "builtin inside"; else echo "insmod /lib/needed.ko"; echo "insmod /lib/$name.ko.xz a=b"; fi ;;',
  '  -r) rmdir "$directory" ;;',
  '  *) mkdir -p "$directory" ;;',
  "esac",
].join("\n");

onHosts(
  "resources of roles",
  (host) => {
    const role = (): Bundle => new Bundle("role-demo");
    const empty = (): Bundle => new Bundle("role-demo", 2);
    const drift = async (): Promise<string[]> => {
      const { stdout, stderr } = await host().run(["status"]);
      assert.equal(stderr, "");
      const { bundles } = JSON.parse(stdout) as Status;
      return bundles.flatMap((bundle) => bundle.drift.map(({ kind, name, detail }) => `${kind} ${name} ${detail}`));
    };
    const quiet = async (bundle: Bundle): Promise<void> => {
      host().log();
      const { changed, removed, restarted, started } = await host().apply(bundle);
      assert.deepEqual([changed, removed, restarted, started], [[], [], [], []]);
      assert.deepEqual(await drift(), []);
    };

    beforeEach(async () => {
      await host().claim();
    });

    it("are none for the host to know besides those of its list", async () => {
      assert.match(await host().refuse(role().line("resource disk /dev/sda --"), 65), /unknown kind of resource disk/);
      assert.match(await host().refuse(role().line("resource sysctl a.b --"), 65), /takes 1 words, found 0/);
      const twice = role().line("resource module a --").line("resource module a --");
      assert.match(await host().refuse(twice, 65), /the module a is listed twice/);
      assert.match(await host().refuse(role().line("resource group a|b -- -"), 65), /must be coded/);
    });

    it("have kernel parameters with their values, and give the ones from before back", async () => {
      host().write("/proc/sys/net/core/somaxconn", "128\n");
      const bundle = role().line("resource sysctl net.core.somaxconn -- 1024");
      await host().apply(bundle);
      assert.equal(host().read("/proc/sys/net/core/somaxconn"), "1024\n");
      await quiet(bundle);
      host().write("/proc/sys/net/core/somaxconn", "64\n");
      assert.deepEqual(await drift(), ["sysctl net.core.somaxconn is 64, expected 1024"]);
      await host().apply(bundle);
      await host().apply(empty());
      assert.equal(host().read("/proc/sys/net/core/somaxconn"), "128\n");
      await quiet(empty());
      assert.deepEqual(host().list("/var/lib/plinth/before"), []);
    });

    it("restart and reload what reads them when they go as when they come", async () => {
      host().write("/proc/sys/net/core/somaxconn", "128\n");
      host().write("/proc/sys/vm/swappiness", "60\n");
      const units = () => role().service("a.service").service("b.service");
      await host().apply(units());
      const bundle = units()
        .line("resource sysctl net.core.somaxconn restart=a.service -- 1024")
        .line("resource sysctl vm.swappiness reload=b.service -- 1");
      for (const one of [bundle, units()]) {
        const { restarted, reloaded } = await host().apply(one);
        assert.deepEqual([restarted, reloaded], [["a.service"], ["b.service"]]);
      }
    });

    it("fail with a sentence where the kernel has no such parameter", async () => {
      const stderr = await host().refuse(role().line("resource sysctl net.none -- 1"), 1);
      assert.match(stderr, /this kernel has no parameter net\.none/);
    });

    it("have modules of the kernel, and unload those that they have loaded", async () => {
      host().command("modprobe", modprobe);
      host().write("/sys/module/there/x", "");
      const bundle = role()
        .line("resource module there --")
        .line("resource module missing --")
        .line("resource module inside --")
        .line("resource module short --");
      const { changed } = await host().apply(bundle);
      assert.deepEqual(changed, ["module:missing", "module:short"]);
      assert.ok(host().exists("/sys/module/missing"));
      await quiet(bundle);
      await host().apply(empty());
      assert.ok(!host().exists("/sys/module/missing") && !host().exists("/sys/module/long_name"));
      assert.ok(host().exists("/sys/module/there"));
    });

    it("have packages, and remove those that they have installed and nothing else needs", async () => {
      host().command(
        "dpkg-query",
        'for name in "$@"; do :; done; [ -e "$PLINTH_FAKES/has.$name" ] && printf installed',
      );
      host().command("apt-get", 'for name in "$@"; do :; done; : >"$PLINTH_FAKES/has.$name"');
      host().command(
        "dpkg",
        'if [ "$1" = --simulate ]; then [ ! -e "$PLINTH_FAKES/needed.$3" ]; else echo "$*" >>"$PLINTH_FAKES/log"; rm "$PLINTH_FAKES/has.$2"; fi',
      );
      host().write("/etc/os-release", "ID=debian\n");
      host().command("true", ': >"$PLINTH_FAKES/has.old"; : >"$PLINTH_FAKES/needed.used"');
      await host().runFile(host().path("/../fakes/bin/true"), []);
      const bundle = role()
        .line("resource package old -- -")
        .line("resource package new -- -")
        .line("resource package used -- -");
      const { changed } = await host().apply(bundle);
      assert.deepEqual(changed, ["package:new", "package:used"]);
      await quiet(bundle);
      // Another role that wants it, too, keeps it, and is the one that takes it away.
      const other = new Bundle("role-other").line("resource package new -- -");
      await host().apply(other);
      host().log();
      await host().apply(empty());
      assert.deepEqual(host().log(), []);
      await host().apply(new Bundle("role-other", 2));
      assert.deepEqual(host().log(), ["--remove new"]);
    });

    it("wait for whoever has the lock of dpkg when they remove packages, and say so where it takes too long", async () => {
      host().write("/etc/os-release", "ID=debian\n");
      host().command("dpkg-query", '[ -e "$PLINTH_FAKES/has.new" ] && printf installed');
      host().command("apt-get", ': >"$PLINTH_FAKES/has.new"');
      host().command(
        "dpkg",
        [
          '[ "$1" = --remove ] || exit 0',
          'echo x >>"$PLINTH_FAKES/tries"',
          'if [ -e "$PLINTH_FAKES/busy" ] || [ "$(wc -l <"$PLINTH_FAKES/tries")" -lt 3 ]; then',
          '  echo "dpkg: error: dpkg frontend lock was locked by another process with pid 7" >&2; echo "Note: removing it is wrong" >&2; exit 2',
          "fi",
          'rm "$PLINTH_FAKES/has.new"',
        ].join("\n"),
      );
      const bundle = role().line("resource package new -- -");
      await host().apply(bundle);
      writeFileSync(join(host().fakes, "busy"), "");
      host().env["PLINTH_PACKAGE_LOCK_SECONDS"] = "0";
      assert.match(
        await host().refuse(empty(), 1),
        /cannot remove the package new: another process has dpkg's lock; wait/,
      );
      rmSync(join(host().fakes, "busy"));
      rmSync(join(host().fakes, "tries"));
      host().env["PLINTH_PACKAGE_LOCK_SECONDS"] = "60";
      await host().apply(bundle);
      await host().apply(empty());
      assert.ok(!existsSync(join(host().fakes, "has.new")));
    });

    it("have groups and users; users of theirs are locked when they go, others are as before", async () => {
      const users = userDatabase(host());
      users.add("old:x:1200:100:Old:/home/old:/bin/sh", "users");
      const bundle = role()
        .line("resource group staff2 -- 4000")
        .line("resource account ann -- - ann /home/ann /bin/bash staff2 login Ann%040Example")
        .line("resource account old -- - users /home/old /bin/bash staff2 login Old");
      await host().apply(bundle);
      assert.match(users.line("ann"), /^ann:x:\d+:\d+:Ann Example:\/home\/ann:\/bin\/bash$/);
      await quiet(bundle);
      users.change("ann", "/bin/sh");
      assert.deepEqual(await drift(), ["user ann its shell is /bin/sh, expected /bin/bash"]);
      await host().apply(bundle);
      await quiet(bundle);
      await host().apply(empty());
      assert.equal(users.expires("ann"), "1");
      assert.equal(users.expires("old"), "");
      assert.equal(users.line("old"), "old:x:1200:100:Old:/home/old:/bin/sh");
      await host().apply(bundle);
      assert.equal(users.expires("ann"), "");
      await quiet(bundle);
    });

    it("have services of packages, and bring back how they were, with the files from before", async () => {
      host().packaged("theirs.service").inputs("theirs.service", "/etc/theirs.conf");
      host().setUnit("theirs.service", "active", "active").setUnit("theirs.service", "enabled", "enabled");
      host().setUnit("theirs.service", "sub", "running").setUnit("theirs.service", "invocation", "1");
      host().write("/etc/theirs.conf", "theirs\n");
      const bundle = role()
        .line("resource service theirs.service --")
        .file("/etc/theirs.conf", "ours\n", { restart: "theirs.service" })
        .line("unit theirs.service");
      await host().apply(bundle);
      await quiet(bundle);
      await host().apply(empty());
      assert.equal(host().read("/etc/theirs.conf"), "theirs\n");
      assert.equal(host().unit("theirs.service", "active"), "active");
      assert.equal(host().unit("theirs.service", "enabled"), "enabled");
      assert.match(host().unit("theirs.service", "running"), /theirs/);
    });

    it("leave units that ran before running, whether the role goes or the host, and restart those that read what is put back", async () => {
      for (const unit of ["ssh.service", "cron.service", "log.service"]) {
        host().packaged(unit).setUnit(unit, "active", "active").setUnit(unit, "sub", "running");
        host().setUnit(unit, "invocation", "1");
      }
      host().setUnit("ssh.service", "enabled", "enabled").setUnit("cron.service", "enabled", "disabled");
      host().setUnit("log.service", "enabled", "enabled").packaged("ours.service");
      const bundle = role()
        .line("resource service ssh.service --")
        .line("resource service cron.service --")
        .line("resource service log.service --")
        .line("resource service ours.service --")
        .file("/etc/ssh/sshd_config.d/x.conf", "ours\n", { restart: "ssh.service", reload: "log.service" })
        .line("unit ssh.service")
        .line("unit cron.service")
        .line("unit log.service")
        .line("unit ours.service");
      const back = [
        "stop ours.service",
        "disable ours.service",
        "disable cron.service",
        "reload-or-restart log.service",
        "start cron.service",
        "restart ssh.service",
      ];
      await host().apply(bundle);
      assert.equal(host().unit("cron.service", "enabled"), "enabled");
      host().log();
      const { restarted, reloaded } = await host().apply(empty());
      assert.deepEqual(
        host()
          .log()
          .filter((line) => !/^(enable|daemon-reload)/.test(line)),
        back,
      );
      assert.deepEqual([restarted, reloaded], [["ssh.service"], ["log.service"]]);
      await host().apply(bundle);
      host().log();
      const { code, stderr } = await host().run(["release", "--host", "cp1"]);
      assert.equal(code, 0, stderr);
      assert.deepEqual(
        host()
          .log()
          .filter((line) => !/^(enable|daemon-reload)/.test(line)),
        back,
      );
      assert.equal(host().unit("ssh.service", "enabled"), "enabled");
      assert.equal(host().unit("cron.service", "enabled"), "disabled");
    });

    it("have services of packages together: what one of two roles gives up is read once more, and the last one lets go", async () => {
      host().packaged("theirs.service").inputs("theirs.service", "/etc/a.conf").inputs("theirs.service", "/etc/b.conf");
      host().setUnit("theirs.service", "active", "inactive").setUnit("theirs.service", "enabled", "disabled");
      const one = (name: string, generation = 1): Bundle =>
        new Bundle(`role-${name}`, generation)
          .line("resource service theirs.service --")
          .file(`/etc/${name}.conf`, `${name}\n`, { restart: "theirs.service" })
          .line("unit theirs.service");
      await host().apply(one("a"));
      await host().apply(one("b"));
      await quiet(one("a"));
      const { restarted, removed } = await host().apply(new Bundle("role-a", 2));
      assert.deepEqual([removed, restarted], [["/etc/a.conf"], ["theirs.service"]]);
      assert.equal(host().unit("theirs.service", "active"), "active");
      await quiet(new Bundle("role-a", 2));
      await host().apply(new Bundle("role-b", 2));
      assert.equal(host().unit("theirs.service", "active"), "inactive");
      assert.equal(host().unit("theirs.service", "enabled"), "disabled");
    });

    it("go with the host", async () => {
      host().write("/proc/sys/net/core/somaxconn", "128\n");
      host().write("/etc/theirs", "theirs\n");
      await host().apply(
        role().line("resource sysctl net.core.somaxconn -- 1024").line("symlink /etc/theirs /etc/ours"),
      );
      const { code, stderr } = await host().run(["release", "--host", "cp1"]);
      assert.equal(code, 0, stderr);
      assert.equal(host().read("/proc/sys/net/core/somaxconn"), "128\n");
      assert.equal(host().read("/etc/theirs"), "theirs\n");
    });

    it("that fail are taken back without what others have, too", async () => {
      host().command("modprobe", modprobe);
      await host().apply(new Bundle("role-other").line("resource module shared --"));
      await host().apply(role());
      const failing = role().line("resource module shared --").line("resource sysctl net.none -- 1");
      assert.match(
        await host().refuse(failing, 1),
        /no parameter net\.none .*the previous configuration was put back/s,
      );
      assert.ok(host().exists("/sys/module/shared"));
    });

    it("are put back when what comes after them fails", async () => {
      host().write("/proc/sys/net/core/somaxconn", "128\n");
      await host().apply(role().service("a.service"));
      host().behave("a.service", "fail");
      const stderr = await host().refuse(
        role().line("resource sysctl net.core.somaxconn -- 1024").service("a.service", "[Service]\nExecStart=/bin/b"),
        1,
      );
      assert.match(stderr, /a\.service/);
      assert.equal(host().read("/proc/sys/net/core/somaxconn"), "128\n");
    });
  },
  120,
);
