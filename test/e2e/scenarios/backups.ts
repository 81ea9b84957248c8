import assert from "node:assert/strict";
import { memberRepository } from "../../../plan/backup/targets.ts";
import { backupSchema, type BackupTarget } from "../../../plan/backup/settings.ts";
import { shellWords } from "../../../plan/shell.ts";
import { eventually } from "../../support/eventually.ts";
import { disk, type Backups } from "../support/backups.ts";
import type { Project } from "../support/project.ts";
import { signed, type S3Store } from "../support/s3store.ts";
import { listed, makeSets, placesOf } from "../support/sets.ts";
import { healthy } from "../support/status.ts";
import { makeVault } from "../support/vault.ts";

const everywhere = ["disk on cp1", "disk on cp2", "disk on cp3", "vault", "store"];
const settings = { everyMinutes: 5, keep: { last: 2, days: 0 } };

/** Targets of all three kinds: sets arrive, who takes a member over can neither open nor delete them, and targets fail one by one. */
export function backedUp(project: Project, backups: () => Backups, store: () => S3Store): void {
  describe("backups", function () {
    this.timeout(1_800_000);
    let vault: Awaited<ReturnType<typeof makeVault>>;
    /** Newest sets of both halves, which stay whatever fails. */
    let kept: string[] = [];
    const configure = (targets: readonly object[] = [disk, vault, store().target]): void => {
      backups().configure(targets, settings);
    };

    before(async () => {
      backups().useKey();
      vault = await makeVault(project);
      // A small disk of its own, which is filled below.
      await project.read("cp1", "mkdir -p /srv/backup && mount -t tmpfs -o size=96m tmpfs /srv/backup");
      configure();
      await project.expect(0, "up", "--yes");
    });

    it("of data arrive by the timer: on what members share once, and on each one's own disk", async () => {
      const sets = await eventually("sets by the timer on all targets", 600, async () => {
        const now = await listed(project);
        const data = now.sets.filter(({ kind, set }) => kind === "data" && "reason" in set && set.reason === "timer");
        const places = new Set(data.flatMap(({ copies }) => copies.map(({ place }) => place)));
        return everywhere.every((place) => places.has(place)) ? data : undefined;
      });
      const shared = sets.filter(({ copies }) => copies.some(({ place }) => place === "vault"));
      assert.ok(
        shared.every(({ copies }) => copies.some(({ place }) => place === "store")),
        JSON.stringify(shared),
      );
      await project.expect(0, "up", "--yes", "--expect-no-changes");
    });

    it("are made now, listed and verified, and status tells their age", async () => {
      const { data, state, text } = await makeSets(project);
      assert.deepEqual(
        [data.stored, state.stored],
        [
          ["disk", "vault", "store"],
          ["disk", "vault", "store"],
        ],
        text,
      );
      const { stdout } = await project.expect(0, "backup", "list");
      assert.match(stdout, /^SET +HALF +AGE +SIZE +FOR +WHAT +WHERE$/m);
      const found = await listed(project);
      kept = [data.id ?? "", state.id ?? ""];
      assert.deepEqual(placesOf(found, kept[0] ?? "").sort(), ["disk on cp1", "store", "vault"]);
      assert.deepEqual(placesOf(found, kept[1] ?? "").sort(), [...everywhere].sort());
      const verified = await project.expect(0, "backup", "verify");
      for (const place of everywhere) {
        assert.match(verified.stdout, new RegExp(`^${place}: the repository is whole, \\d+ sets$`, "m"));
        assert.match(
          verified.stdout,
          new RegExp(`^${place}: the set \\S+ \\(state\\) opens, and is what it says$`, "m"),
        );
      }
      await healthy(project);
    });

    describe("for whoever is root on cp1", () => {
      const targetOf = (raw: object): BackupTarget => {
        const { recipient, password } = backups();
        const [target] = backupSchema.parse({ recipients: [recipient], password, targets: [raw] }).targets;
        assert.ok(target);
        return target;
      };
      /** A command of the host's that runs restic as the member does. */
      const restic = (raw: object, ...args: string[]): string => {
        const { url, options, authorityFile } = memberRepository(targetOf(raw));
        const words = ["--password-file", "/etc/plinth/backup/password", "--cache-dir", "/run/stolen", "--repo", url];
        const more = [
          ...options.flatMap((option) => ["-o", option]),
          ...(authorityFile === undefined ? [] : ["--cacert", authorityFile]),
        ];
        const login = `while IFS= read -r line; do export "$line"; done </etc/plinth/backup/targets/store.env`;
        return `${login}; timeout 60 /opt/plinth/bin/restic ${shellWords([...words, ...more, ...args])} </dev/null 2>&1`;
      };

      it("old sets are sealed, and no key that opens them is on the host", async () => {
        const begin = await project.read(
          "cp1",
          `${restic(store().target, "dump", "--no-lock", "latest", "/content.age")} | head -c 21`,
        );
        assert.equal(begin, "age-encryption.org/v1");
        const found = await project.onHost(
          "cp1",
          "grep -rlsE 'AGE-SECRET-KEY-1[0-9A-Z]{20}' /etc /root /home /srv /run /var/lib/plinth",
        );
        assert.equal(found.stdout, "");
      });

      for (const name of ["vault", "store"] as const) {
        it(`those on ${name} cannot be deleted`, async () => {
          const raw = name === "vault" ? vault : store().target;
          const before = (await listed(project)).sets.filter(({ copies }) =>
            copies.some(({ place }) => place === name),
          );
          assert.ok(before.length > 0);
          const snapshots = before.flatMap(({ copies }) =>
            copies.flatMap((copy) => (copy.place === name ? [copy.snapshot] : [])),
          );
          const { text } = await project.onHost("cp1", restic(raw, "forget", ...snapshots));
          assert.match(text, /unable to remove snapshot|403|Access Denied|Forbidden/);
          await project.onHost("cp1", restic(raw, "unlock"));
          const after = await listed(project);
          for (const { id } of before) assert.ok(placesOf(after, id).includes(name), `${id} is on ${name}`);
        });
      }

      it("the store refuses to delete, and keeps what was there before an overwrite as an earlier version", async () => {
        const { url, prefix, members } = store();
        const list = await store().expect("GET", `?list-type=2&prefix=${encodeURIComponent(`${prefix}/snapshots/`)}`);
        const key = /<Key>([^<]+)<\/Key>/.exec(list)?.[1] ?? "";
        const curl = (method: string, ...more: string[]): Promise<string> => {
          const authority = "/etc/plinth/backup/authorities/store.pem";
          const words = [
            ...signed(method, members),
            "--cacert",
            authority,
            "--output",
            "/dev/null",
            "--write-out",
            "%{http_code}",
          ];
          return project.read("cp1", `curl ${shellWords([...words, ...more, `${url}/backups/${key}`])}`);
        };
        assert.equal(await curl("DELETE"), "403");
        assert.equal(await curl("PUT", "--data-binary", "rubbish"), "200");
        const { text } = await project.expect(1, "backup", "verify");
        assert.match(text, /^(warning: )?Target store: /m);
        // What an operator does then: the newest version goes, and the one before is back.
        const versions = [...(await store().expect("GET", "?versions=")).matchAll(/<Version>.*?<\/Version>/g)]
          .map(([version]) => version)
          .filter((version) => version.includes(`<Key>${key}</Key>`));
        assert.equal(versions.length, 2);
        const newest = versions.find((version) => version.includes("<IsLatest>true</IsLatest>")) ?? "";
        const version = /<VersionId>([^<]+)</.exec(newest)?.[1] ?? "";
        await store().expect("DELETE", `${key}?versionId=${version}`);
        await project.expect(0, "backup", "verify");
      });

      it("the account of members gives no shell and no files", async () => {
        const login = `ssh -F none -i /etc/plinth/backup/keys/vault -o BatchMode=yes -o UserKnownHostsFile=/etc/plinth/backup/known_hosts/vault -l ${vault.ssh.user} ${vault.ssh.host}`;
        const shell = await project.onHost("cp1", `timeout 30 ${login} id </dev/null; timeout 30 ${login} </dev/null`);
        assert.doesNotMatch(shell.text, /uid=/);
        const files = await project.onHost(
          "cp1",
          `timeout 30 ${login} -s sftp </dev/null; timeout 30 ${login} -L 7000:127.0.0.1:22 -N </dev/null`,
        );
        assert.notEqual(files.code, 0);
      });

      it("its own directory alone is in its hands: other members' stay", async () => {
        await project.read("cp1", "rm -rf /srv/backup/*");
        const after = await listed(project);
        assert.deepEqual(
          placesOf(after, kept[1] ?? "").sort(),
          everywhere.filter((place) => place !== "disk on cp1").sort(),
        );
        // Its loss is told until somebody says that a new one may begin.
        const missing = await project.expect(1, "backup", "now");
        assert.match(
          missing.text,
          /target disk, as cp1 sees it: its repository \(id \w+\) is not there any more; mount/,
        );
        await project.read("cp1", "rm /var/lib/plinth/backup-repositories/disk");
        const { data } = await makeSets(project);
        assert.ok(placesOf(await listed(project), data.id ?? "").includes("disk on cp1"), "a new repository is made");
        await healthy(project);
      });
    });

    // After what needs the old sets: the last of these removes them.
    describe("of which targets fail, one by one", () => {
      const failures: {
        title: string;
        target: string;
        breaks: () => Promise<void>;
        mends: () => Promise<void>;
        said: RegExp;
      }[] = [
        {
          title: "a target that is full",
          target: "disk",
          breaks: async () => {
            await project.read("cp1", "cat /dev/zero >/srv/backup/filler 2>/dev/null || :");
          },
          mends: async () => {
            await project.read("cp1", "rm /srv/backup/filler");
          },
          said: /target disk, as cp1 sees it: .*no space left on device/,
        },
        {
          title: "a target that is unreachable",
          target: "store",
          breaks: () => store().stop(),
          mends: () => store().start(),
          said: /target store, as cp\d sees it: no answer within 60 s/,
        },
        {
          title: "a target that does not take the credentials any more",
          target: "store",
          breaks: async () => {
            const { target } = store();
            const members = { ...target.s3.members, secretKey: "not-the-secret-key" };
            configure([disk, vault, { ...target, s3: { ...target.s3, members } }]);
            // All is done, and the state is not kept everywhere.
            assert.match(
              (await project.expect(1, "up", "--yes")).text,
              /the state was not kept everywhere: target store/,
            );
          },
          mends: async () => {
            configure();
            await project.expect(0, "up", "--yes");
          },
          said: /target store, as cp\d sees it: .*(Access Denied|signature)/i,
        },
      ];
      for (const { title, target, breaks, mends, said } of failures) {
        it(`${title} is told by name, exit code and status; older sets stay, and the others are served`, async () => {
          const { sets } = await listed(project);
          await breaks();
          const made = await makeSets(project, 1);
          assert.match(made.data.problems.join("\n"), said);
          assert.deepEqual(
            made.data.stored,
            ["disk", "vault", "store"].filter((name) => name !== target),
            made.text,
          );
          const status = await project.expect(1, "status");
          assert.match(status.text, new RegExp(`backup target ${target} failed .* ago \\(data\\): `));
          const now = await listed(project);
          for (const { id } of sets)
            assert.ok(
              now.sets.some((set) => set.id === id),
              `${id} is listed`,
            );
          await mends();
          await makeSets(project);
          await healthy(project);
        });
      }

      it("are pruned by the operator, on every target", async () => {
        await makeSets(project);
        await project.expect(0, "backup", "prune", "--yes");
        const { sets } = await listed(project);
        for (const place of everywhere) {
          const there = sets.filter(
            ({ kind, copies }) => kind === "data" && copies.some((copy) => copy.place === place),
          );
          // One more may have come meanwhile.
          assert.ok(there.length > 0 && there.length <= settings.keep.last + 1, `${place}: ${there.length}`);
        }
        await project.expect(0, "backup", "verify");
      });
    });
  });
}
