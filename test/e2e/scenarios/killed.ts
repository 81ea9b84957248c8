import assert from "node:assert/strict";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { allHosts } from "../support/hosts.ts";
import { killAll, sees } from "../support/kill.ts";
import { finish, type Project } from "../support/project.ts";

/** Command lines of all processes in the sandbox, by pid. */
function processes(): Map<number, string[]> {
  const found = new Map<number, string[]>();
  for (const entry of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      found.set(Number(entry), readFileSync(`/proc/${entry}/cmdline`, "utf8").split("\0"));
    } catch {
      // It ended while we looked.
    }
  }
  return found;
}

/** The engine that works for a project: `pulumi` with the project's workspace as its directory. */
function enginesOf(project: Project): number[] {
  return [...processes()]
    .filter(([, [executable = ""]]) => executable.endsWith("/pulumi"))
    .map(([pid]) => pid)
    .filter((pid) => {
      try {
        return readlinkSync(`/proc/${pid}/cwd`).startsWith(project.dir);
      } catch {
        return false;
      }
    });
}

/** A first `up` that is killed again and again: each `up` goes on where the one before was cut off. */
export function killed(project: Project): void {
  describe("a first up, killed", () => {
    // On a busy machine a run may get further than its moment before it is killed. Each pattern therefore also takes what
    // comes after its moment: the run before may have done the moment's own work. The verbs tell steps of this run from what
    // it says about the run before.
    const moments: { title: string; after: RegExp; victim: "engine" | "plinth" }[] = [
      {
        title: "the engine, while keys and certificates are made",
        after: /created \S+ (CA )?certificate/,
        victim: "engine",
      },
      {
        title: "everything, when the first host has been claimed",
        after: /(created|updated|…) (claim|etcd) on/,
        victim: "plinth",
      },
      {
        title: "the engine, while etcd members start",
        after: /(created|updated|…) (etcd|controlplane) on/,
        victim: "engine",
      },
      {
        title: "everything, while API servers start",
        after: /(created|updated|…) (etcd|controlplane) on/,
        victim: "plinth",
      },
      {
        title: "the engine, when an API server is up",
        after: /(created controlplane|(created|…) loadbalancer) on/,
        victim: "engine",
      },
      {
        title: "everything, while Nodes join",
        after: /(created|updated|…) (runtime|node|register) on/,
        victim: "plinth",
      },
    ];
    let authority = "";

    for (const { title, after, victim } of moments) {
      it(`SIGKILL of ${title}`, async () => {
        const child = project.start("up", "--yes");
        const done = finish(child);
        await sees(child, after);
        if (victim === "engine") {
          const engines = enginesOf(project);
          assert.ok(engines.length > 0, "the engine is running");
          for (const pid of engines) process.kill(pid, "SIGKILL");
        } else {
          killAll(child);
        }
        assert.notEqual((await done).code, 0);
      });
    }

    it("the next up finishes, without a second set of authorities or members", async () => {
      const run = await project.expect(0, "up", "--yes");
      assert.match(run.stdout, /endpoint\s+https:\/\/10\.27\.0\.10:6443/);
      authority = (await project.expect(0, "outputs", "caCertificate")).stdout;
      for (const host of allHosts) {
        const onHost = await project.read(host, "cat /etc/kubernetes/pki/node-ca.crt");
        assert.equal(onHost.trim(), authority.trim(), `${host} has the authority of the state`);
      }
    });
  });
}
