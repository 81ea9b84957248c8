import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { eventually } from "../../support/eventually.ts";
import { kubelet, RosterScripts, type RequestForm, type Requester } from "../../support/rosterScripts.ts";

describe("the approval of serving certificates", function () {
  this.timeout(120_000);
  let roster: RosterScripts;
  let approver: ChildProcess;
  let said = "";

  before(async () => {
    roster = await RosterScripts.start();
    assert.equal((await roster.giveAccess()).code, 0);
    for (const name of ["w1", "w2"]) {
      await roster.join(name);
      const address = `192.0.2.2${name.slice(1)}`;
      assert.equal((await roster.register(name, { address })).code, 0);
    }
    // Of somebody else: nothing of ours is known of it.
    await roster.join("w3");
    const env = { ...roster.environment, NODE: "serving-certificates", DEADLINE: "20" };
    approver = spawn("sh", [path.join(roster.folder, "serving")], {
      env,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [approver.stdout, approver.stderr])
      stream?.on("data", (chunk: Buffer) => (said += chunk.toString()));
  });
  after(async () => {
    const ended = once(approver, "close");
    process.kill(-(approver.pid ?? 0), "SIGTERM");
    await ended;
    await roster.stop();
  });

  const form = (node: string, names: string): RequestForm => ({
    subject: `/O=system:nodes/CN=system:node:${node}`,
    options: ["-addext", `subjectAltName=${names}`],
  });

  const approved = (name: string): Promise<true> =>
    eventually(`${name} is approved`, 20, async () =>
      (await roster.conditions(name)).includes("Approved") ? true : undefined,
    );

  it("lets a kubelet serve for its Node's name and the inventory's address", async () => {
    roster.request("w1-first", kubelet("w1"), form("w1", "DNS:w1,IP:192.0.2.21"));
    await approved("w1-first");
    roster.request("w1-renewal", kubelet("w1"), form("w1", "DNS:w1,IP:192.0.2.21"));
    roster.request("w2-first", kubelet("w2"), form("w2", "DNS:w2,IP:192.0.2.22"));
    await approved("w1-renewal");
    await approved("w2-first");
  });

  it("leaves everything else alone, and names it", async () => {
    const own = "DNS:w1,IP:192.0.2.21";
    const hostile: Record<string, [Requester, RequestForm]> = {
      "the-name-of-another": [kubelet("w1"), form("w1", "DNS:cp1,IP:192.0.2.21")],
      "the-address-of-another": [kubelet("w1"), form("w1", "DNS:w1,IP:192.0.2.22")],
      "one-name-more": [kubelet("w1"), form("w1", "DNS:w1,DNS:kubernetes,IP:192.0.2.21")],
      "one-address-more": [kubelet("w1"), form("w1", "DNS:w1,IP:192.0.2.21,IP:192.0.2.10")],
      "no-names": [kubelet("w1"), { subject: "/O=system:nodes/CN=system:node:w1" }],
      "another-group": [kubelet("w1"), { ...form("w1", own), subject: "/O=system:masters/CN=system:node:w1" }],
      "an-authority": [
        kubelet("w1"),
        { ...form("w1", own), options: [...(form("w1", own).options ?? []), "-addext", "basicConstraints=CA:TRUE"] },
      ],
      "a-use-more": [
        kubelet("w1"),
        { ...form("w1", own), usages: ["digital signature", "server auth", "client auth"] },
      ],
    };
    // The API server itself lets no kubelet ask in another Node's name; who could, would get nothing either.
    const quiet: Record<string, [Requester, RequestForm]> = {
      "nobody-knows": [kubelet("w3"), form("w3", "DNS:w3,IP:192.0.2.23")],
      "no-such-node": [kubelet("w9"), form("w9", "DNS:w9,IP:192.0.2.29")],
      "no-kubelet": [{ ...kubelet("w1"), user: "tenant" }, form("w1", own)],
    };
    for (const [name, [requester, asked]] of Object.entries({ ...hostile, ...quiet }))
      roster.request(name, requester, asked);
    roster.request("w1-last", kubelet("w1"), form("w1", own));
    await approved("w1-last");
    for (const name of Object.keys({ ...hostile, ...quiet })) assert.deepEqual(await roster.conditions(name), [], name);
    for (const name of Object.keys(hostile))
      assert.match(
        said,
        new RegExp(`w1: the certificate request ${name} is not what a kubelet of this Node at 192.0.2.21`),
      );
  });

  it("goes on after the API server was away", async () => {
    await roster.server.pause();
    roster.server.resume();
    roster.request("w2-again", kubelet("w2"), form("w2", "DNS:w2,IP:192.0.2.22"));
    await approved("w2-again");
  });
});
