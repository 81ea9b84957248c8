/** What blocks of roles do on a host: lines of files, keys of users, authorities, commands, sources of packages. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { renderResource, type Resource } from "../../plan/resources.ts";
import { Bundle } from "./support/bundle.ts";
import { onHosts } from "./support/suite.ts";
import { userDatabase } from "./support/users.ts";

interface Status {
  bundles: { bundle: string; drift: { kind: string; name: string; detail: string }[] }[];
}

onHosts(
  "blocks of roles",
  (host) => {
    const role = (...resources: Resource[]): Bundle =>
      resources.reduce((bundle, resource) => bundle.line(renderResource(resource)), new Bundle("role-demo"));
    const empty = (): Bundle => new Bundle("role-demo", 2);
    const drift = async (): Promise<string[]> => {
      const { stdout, stderr } = await host().run(["status"]);
      assert.equal(stderr, "");
      const { bundles } = JSON.parse(stdout) as Status;
      return bundles.flatMap((bundle) => bundle.drift.map(({ kind, name, detail }) => `${kind} ${name} ${detail}`));
    };
    /** Applied again it changes nothing, and nothing has drifted. */
    const quiet = async (bundle: Bundle): Promise<void> => {
      const { changed, removed, restarted, started } = await host().apply(bundle);
      assert.deepEqual([changed, removed, restarted, started], [[], [], [], []]);
      assert.deepEqual(await drift(), []);
    };

    beforeEach(async () => {
      await host().claim();
    });

    describe("lines of a file of others", () => {
      const lines = (text: string, judge?: string): Resource => ({
        kind: "block",
        key: "/etc/hosts#site",
        path: "/etc/hosts",
        comment: "#",
        text,
        ...(judge === undefined ? {} : { judge }),
      });
      const marked = (text: string): string =>
        `# plinth site begins: change it where the role is\n${text}\n# plinth site ends\n`;

      it("come to the end, change where they are, and leave the rest and its mode alone", async () => {
        host().write("/etc/hosts", "127.0.0.1 localhost");
        chmodSync(host().path("/etc/hosts"), 0o640);
        await host().apply(role(lines("192.0.2.1 a\\nb %s")));
        assert.equal(host().read("/etc/hosts"), `127.0.0.1 localhost\n${marked("192.0.2.1 a\\nb %s")}`);
        assert.equal(lstatSync(host().path("/etc/hosts")).mode & 0o777, 0o640);
        await quiet(role(lines("192.0.2.1 a\\nb %s")));
        host().write("/etc/hosts", `${host().read("/etc/hosts")}192.0.2.9 theirs\n`);
        await quiet(role(lines("192.0.2.1 a\\nb %s")));
        await host().apply(role(lines("192.0.2.2 a\n192.0.2.3 b")));
        const text = `127.0.0.1 localhost\n${marked("192.0.2.2 a\n192.0.2.3 b")}192.0.2.9 theirs\n`;
        assert.equal(host().read("/etc/hosts"), text);
        host().write("/etc/hosts", text.replace("192.0.2.3 b\n", ""));
        assert.deepEqual(await drift(), ["block /etc/hosts#site its lines are missing or others"]);
        await host().apply(role(lines("192.0.2.2 a\n192.0.2.3 b")));
        await host().apply(empty());
        assert.equal(host().read("/etc/hosts"), "127.0.0.1 localhost\n192.0.2.9 theirs\n");
      });

      it("make the file that is not there, and take it away once nobody has put anything into it", async () => {
        await host().apply(role(lines("x")));
        assert.equal(host().read("/etc/hosts"), marked("x"));
        await host().apply(empty());
        assert.ok(!host().exists("/etc/hosts"));
      });

      it("go into the file that a link leads to", async () => {
        host().write("/etc/real", "a\n");
        symlinkSync("real", host().path("/etc/hosts"));
        await host().apply(role(lines("x")));
        assert.equal(readlinkSync(host().path("/etc/hosts")), "real");
        assert.equal(host().read("/etc/real"), `a\n${marked("x")}`);
      });

      it("are not written where a mark was taken away, or where their judge refuses", async () => {
        host().write("/etc/hosts", "# plinth site begins: change it where the role is\nmine?\n");
        assert.match(
          await host().refuse(role(lines("x")), 1),
          /0 times, so where our lines end is not known; remove them/,
        );
        assert.match(host().read("/etc/hosts"), /^# plinth site begins.*\nmine\?\n$/);
        host().write("/etc/hosts", "a\n");
        host().command("judge", 'grep -q right "$2" || { echo "$2 is wrong"; exit 1; }');
        const stderr = await host().refuse(role(lines("left", "judge -c %")), 1);
        assert.match(stderr, /judge refuses the new \/etc\/hosts: \/etc\/hosts is wrong/);
        assert.equal(host().read("/etc/hosts"), "a\n");
        await host().apply(role(lines("right", "judge -c %")));
        assert.match(host().read("/etc/hosts"), /right/);
      });
    });

    describe("keys of a user", () => {
      const keys = (only: boolean, ...list: string[]): Resource => ({
        kind: "authorized",
        key: "ann",
        only,
        keys: list.join("\n"),
      });
      const [one, two] = ["ssh-ed25519 AAAAone ann", "ssh-ed25519 AAAAtwo bob"] as const;
      const file = "/home/ann/.ssh/authorized_keys";

      beforeEach(() => {
        userDatabase(host()).add("ann:x:1200:100:Ann:/home/ann:/bin/sh", "users");
        host().command("runuser", 'echo "$2" >>"$PLINTH_FAKES/runuser"; shift 3; exec "$@"');
        mkdirSync(host().path("/home/ann"), { recursive: true });
      });

      it("stand beside those that others have put there, and go alone", async () => {
        host().write(file, "ssh-rsa AAAAtheirs\n");
        await host().apply(role(keys(false, one, two)));
        assert.equal(
          host().read(file),
          `ssh-rsa AAAAtheirs\n# plinth keys begins: change it where the role is\n${one}\n${two}\n# plinth keys ends\n`,
        );
        assert.equal(lstatSync(host().path(file)).mode & 0o777, 0o600);
        await quiet(role(keys(false, one, two)));
        await host().apply(role(keys(false, one)));
        assert.ok(!host().read(file).includes(two));
        host().write(file, host().read(file).replace(one, two));
        assert.deepEqual(await drift(), [`authorized ann ${file} has others`]);
        await host().apply(role(keys(false, one)));
        await host().apply(empty());
        assert.equal(host().read(file), "ssh-rsa AAAAtheirs\n");
      });

      it("are the only ones where the role says so; what was there before comes back", async () => {
        host().write(file, "ssh-rsa AAAAtheirs\n# note\n");
        await host().apply(role(keys(true, one)));
        assert.equal(host().read(file), `${one}\n`);
        await quiet(role(keys(true, one)));
        host().write(file, `${one}\nssh-rsa AAAAintruder\n`);
        assert.deepEqual(await drift(), [`authorized ann ${file} has others`]);
        await host().apply(role(keys(true, one)));
        await host().apply(empty());
        assert.equal(host().read(file), "ssh-rsa AAAAtheirs\n# note\n");
      });

      it("make the folder, and go with the file that was not there", async () => {
        await host().apply(role(keys(true, one)));
        assert.equal(lstatSync(host().path("/home/ann/.ssh")).mode & 0o777, 0o700);
        await host().apply(empty());
        assert.ok(!host().exists(file));
      });

      it("of a user who is not there are an error", async () => {
        const stderr = await host().refuse(role({ kind: "authorized", key: "nobody-here", only: true, keys: one }), 1);
        assert.match(stderr, /there is no user nobody-here, whose keys are wanted/);
      });
    });

    it("make programs trust an authority, by the tool and in the place of the distribution", async () => {
      for (const tool of ["update-ca-certificates", "update-ca-trust"])
        host().command(tool, `echo ${tool} >>"$PLINTH_FAKES/log"`);
      const anchor = (certificate: string): Bundle => role({ kind: "anchor", key: "corp", certificate });
      host().write("/etc/os-release", "ID=debian\n");
      await host().apply(anchor("PEM\n1"));
      assert.equal(host().read("/usr/local/share/ca-certificates/plinth-corp.crt"), "PEM\n1\n");
      assert.deepEqual(host().log(), ["update-ca-certificates"]);
      await quiet(anchor("PEM\n1"));
      await host().apply(anchor("PEM\n2"));
      host().log();
      await host().apply(empty());
      assert.ok(!host().exists("/usr/local/share/ca-certificates/plinth-corp.crt"));
      assert.deepEqual(host().log(), ["update-ca-certificates"]);
      host().write("/etc/os-release", "ID=rocky\nID_LIKE=rhel\n");
      await host().apply(anchor("PEM\n1"));
      assert.ok(host().exists("/etc/pki/ca-trust/source/anchors/plinth-corp.crt"));
      assert.deepEqual(host().log(), ["update-ca-trust"]);
    });

    it("make the list of authorities once more after a run that was killed while it was made", async () => {
      host().command(
        "update-ca-certificates",
        'echo made >>"$PLINTH_FAKES/log"; if [ -e "$PLINTH_FAKES/kill" ]; then kill -9 $PPID; fi',
      );
      host().command("arm", ': >"$PLINTH_FAKES/kill"');
      host().command("disarm", 'rm "$PLINTH_FAKES/kill"');
      const call = (name: string) => host().runFile(host().path(`/../fakes/bin/${name}`), []);
      host().write("/etc/os-release", "ID=debian\n");
      const bundle = role({ kind: "anchor", key: "corp", certificate: "PEM" });
      for (const wanted of [bundle, empty()]) {
        await call("arm");
        await host()
          .apply(wanted)
          .catch(() => undefined);
        await call("disarm");
        host().log();
        await host().apply(wanted);
        assert.deepEqual(host().log(), ["made"]);
        await quiet(wanted);
      }
    });

    it("do not leave an authority that the host's tool does not take", async () => {
      host().command("update-ca-certificates", "echo broken; exit 1");
      host().write("/etc/os-release", "ID=debian\n");
      const stderr = await host().refuse(role({ kind: "anchor", key: "corp", certificate: "PEM" }), 1);
      assert.match(stderr, /update-ca-certificates does not take the authority corp: broken/);
      assert.ok(!host().exists("/usr/local/share/ca-certificates/plinth-corp.crt"));
    });

    describe("commands", () => {
      const made = (): string => host().path("/made");
      const command = (more: { run?: string; undo?: string; creates?: string; unless?: string }): Bundle =>
        role({ kind: "command", key: "demo", run: `echo 1 >>'${made()}'`, user: "root", seconds: 30, ...more });

      it("are run where what they make is missing, and taken back by what the role says", async () => {
        const bundle = command({ creates: "/made", undo: `rm '${made()}'` });
        const { changed } = await host().apply(bundle);
        assert.deepEqual(changed, ["command:demo"]);
        await quiet(bundle);
        await host().apply(empty());
        assert.ok(!host().exists("/made"));
      });

      it("are run where a question says no, and once more by drift alone", async () => {
        const bundle = command({ unless: `grep -q 1 '${made()}'` });
        await host().apply(bundle);
        await quiet(bundle);
        writeFileSync(made(), "2\n");
        assert.deepEqual(await drift(), ["command demo its question says no"]);
        await host().apply(bundle);
        assert.equal(host().read("/made"), "2\n1\n");
      });

      it("fail with what they say, and where they have not brought what they are for", async () => {
        const failed = await host().refuse(command({ creates: "/made", run: "echo no room >&2; exit 3" }), 1);
        assert.match(failed, /the command demo ended with 3: no room/);
        const useless = await host().refuse(command({ creates: "/made", run: "true" }), 1);
        assert.match(useless, /the command demo was run, and still \/made is not there/);
      });
    });

    describe("sources of packages", () => {
      const path = "/etc/apt/sources.list.d/site.sources";
      const source = (text: string): Bundle => role({ kind: "source", key: path, text });

      it("are read when they come or change; what was there before comes back", async () => {
        host().command("apt-get", 'echo "$*" >>"$PLINTH_FAKES/log"');
        host().write("/etc/os-release", "ID=debian\n");
        host().write(path, "theirs");
        await host().apply(source("Types: deb\nURIs: http://a"));
        assert.equal(host().read(path), "Types: deb\nURIs: http://a\n");
        const [line = "", ...rest] = host().log();
        assert.match(line, /-o Dir::Etc::sourcelist=\S+site\.sources .*update$/);
        assert.deepEqual(rest, []);
        await quiet(source("Types: deb\nURIs: http://a"));
        await host().apply(empty());
        assert.equal(host().read(path), "theirs");
        assert.deepEqual(host().list("/var/lib/plinth/before"), []);
      });

      it("that cannot be read are an error of the host, without a login of a proxy", async () => {
        host().command("apt-get", 'echo "E: Failed to fetch http://me:secret@a/x"; exit 100');
        host().write("/etc/os-release", "ID=debian\n");
        const stderr = await host().refuse(source("Types: deb"), 1);
        assert.match(stderr, /cannot read the packages of \/etc\/apt\S+: E: Failed to fetch http:\/\/a\/x; see that/);
      });
    });

    describe("directories of archives", () => {
      const archive = (sha: string, text: string): Bundle => {
        const folder = mkdtempSync(join(tmpdir(), "plinth-archive-"));
        mkdirSync(join(folder, "tool/bin"), { recursive: true });
        writeFileSync(join(folder, "tool/bin/run"), text, { mode: 0o755 });
        const made = spawnSync("tar", ["-C", folder, "-czf", host().path("/srv/tool.tar"), "tool"]);
        assert.equal(made.status, 0);
        rmSync(folder, { recursive: true });
        return role({ kind: "archive", key: "/srv/tool", file: "/srv/tool.tar", sha256: sha, strip: 1 });
      };

      beforeEach(() => {
        host().write("/srv/x", "");
      });

      it("have what is in it, are changed as a whole, and go", async () => {
        await host().apply(archive("a", "one"));
        assert.equal(host().read("/srv/tool/bin/run"), "one");
        await quiet(archive("a", "one"));
        host().write("/srv/tool/old", "");
        await host().apply(archive("b", "two"));
        assert.equal(host().read("/srv/tool/bin/run"), "two");
        assert.ok(!host().exists("/srv/tool/old"));
        await host().apply(empty());
        assert.deepEqual(host().list("/srv"), ["tool.tar", "x"]);
      });

      it("are not put in place of what somebody else has there, nor of archives that cannot be read", async () => {
        host().write("/srv/tool/theirs", "x");
        assert.match(await host().refuse(archive("a", "one"), 1), /\/srv\/tool is there, and not from an archive/);
        assert.equal(host().read("/srv/tool/theirs"), "x");
        const broken = archive("a", "one");
        rmSync(host().path("/srv/tool"), { recursive: true });
        host().write("/srv/tool.tar", "no archive");
        assert.match(await host().refuse(broken, 1), /cannot unpack the archive of \/srv\/tool: tar: /);
        assert.deepEqual(host().list("/srv"), ["tool.tar", "x"]);
      });
    });

    it("hold packages, and install the version that is asked for", async () => {
      host().write("/etc/os-release", "ID=debian\n");
      host().command(
        "dpkg-query",
        'case $2 in *Status*) [ -e "$PLINTH_FAKES/v.$3" ] && printf installed ;; *) cat "$PLINTH_FAKES/v.$3" ;; esac',
      );
      host().command(
        "apt-get",
        'for name in "$@"; do :; done; echo "$*" >>"$PLINTH_FAKES/log"; printf %s "${name#*=}" >"$PLINTH_FAKES/v.${name%%=*}"',
      );
      host().command(
        "apt-mark",
        'case $1 in showhold) cat "$PLINTH_FAKES/held" 2>/dev/null ;; hold) echo "$2" >>"$PLINTH_FAKES/held" ;; unhold) sed -i "/^$2\\$/d" "$PLINTH_FAKES/held" ;; esac',
      );
      const held = (version: string): Bundle =>
        role({ kind: "package", key: "chrony", version }, { kind: "hold", key: "chrony" });
      const { changed } = await host().apply(held("4.3-2"));
      assert.deepEqual(changed, ["package:chrony", "hold:chrony"]);
      assert.match(host().log().join("\n"), /--allow-downgrades --allow-change-held-packages install chrony=4\.3-2$/);
      await quiet(held("4.3-2"));
      assert.deepEqual((await host().apply(held("4.4-1"))).changed, ["package:chrony"]);
      writeFileSync(join(host().path("/../fakes"), "held"), "");
      assert.deepEqual(await drift(), ["hold chrony is not held"]);
      await host().apply(held("4.4-1"));
      host().command("dpkg", "exit 1");
      await host().apply(empty());
    });
  },
  120,
);
