import assert from "node:assert/strict";
import { nextAddress, renderStatus } from "../../../lab/command.ts";
import { labCommand, LabError, type Lab, type LabHostStatus } from "../../../lab/index.ts";

const up: LabHostStatus = { name: "cp1", address: "10.27.0.11", state: "running", ssh: true, pid: 41, uptime: 7 };
const off: LabHostStatus = {
  name: "worker-1",
  address: "10.27.0.21",
  state: "off",
  ssh: false,
  pid: null,
  uptime: null,
};

/** Runs a command against a lab that only notes what it is asked; returns what was asked, printed and returned. */
async function command(
  args: string[],
  json = false,
  like?: string[],
): Promise<{ calls: unknown[][]; out: string; err: string; code: number }> {
  const calls: unknown[][] = [];
  const note =
    (verb: string) =>
    (...given: unknown[]): Promise<void> => {
      calls.push([verb, ...given]);
      if (given[0] === "bad") return Promise.reject(new LabError("bad host"));
      return given[0] === "broken" ? Promise.reject(new Error("broken machine")) : Promise.resolve();
    };
  const verbs = ["up", "down", "add", "kill", "start", "wipe", "remove", "pause", "resume", "partition", "heal"];
  const lab = {
    ...Object.fromEntries(verbs.map((verb) => [verb, note(verb)])),
    status: () => Promise.resolve([up, off]),
  } as unknown as Lab;
  const printed = { log: "", error: "" };
  const before = { log: console.log, error: console.error };
  for (const stream of ["log", "error"] as const) {
    console[stream] = (text: string) => {
      printed[stream] += `${text}\n`;
    };
  }
  try {
    const code = await labCommand(args, lab, json, like);
    return { calls, out: printed.log, err: printed.error, code };
  } finally {
    Object.assign(console, before);
  }
}

describe("lab: command", () => {
  it("shows a table", () => {
    assert.equal(
      renderStatus([up, off]),
      [
        "HOST      ADDRESS     STATE    SSH  PID  UPTIME",
        "cp1       10.27.0.11  running  yes  41   7 s",
        "worker-1  10.27.0.21  off      no   -    -",
      ].join("\n"),
    );
  });

  it("shows what hosts are like where they are not plain ones", () => {
    assert.equal(
      renderStatus([{ ...up, like: ["resolved", "small-mtu"] }]),
      [
        "HOST  ADDRESS     STATE    SSH  PID  UPTIME  LIKE",
        "cp1   10.27.0.11  running  yes  41   7 s     resolved,small-mtu",
      ].join("\n"),
    );
  });

  it("passes on what hosts shall be like", async () => {
    assert.deepEqual((await command(["up"])).calls, [["up", []]]);
    assert.deepEqual((await command(["up"], false, ["resolved"])).calls, [["up", ["resolved"]]]);
  });

  it("passes each verb with its host on", async () => {
    for (const verb of ["kill", "start", "wipe", "remove", "pause", "resume", "partition", "heal"]) {
      const result = await command([verb, "cp1"]);
      assert.deepEqual([result.calls, result.code], [[[verb, "cp1"]], 0]);
    }
    assert.deepEqual((await command(["heal"])).calls, [["heal", undefined]]);
    assert.deepEqual((await command(["down"])).calls, [["down"]]);
  });

  it("prints the status after `up` and `status`, and as JSON after everything", async () => {
    assert.match((await command(["up"])).out, /^HOST /);
    assert.match((await command(["status"])).out, /^HOST /);
    assert.equal((await command(["kill", "cp1"])).out, "");
    assert.deepEqual(JSON.parse((await command(["kill", "cp1"], true)).out), [up, off]);
  });

  it("returns 2 with one sentence for a wish that makes no sense, 1 for what went wrong", async () => {
    assert.deepEqual(await command(["kill"]), {
      calls: [],
      out: "",
      err: "`lab kill` needs the name of a host\n",
      code: 2,
    });
    assert.match((await command(["explode"])).err, /unknown lab command "explode": known are up, down/);
    assert.equal((await command(["toString"])).code, 2);
    assert.deepEqual(await command(["kill", "bad"]), { calls: [["kill", "bad"]], out: "", err: "bad host\n", code: 2 });
    assert.equal((await command(["kill", "broken"])).code, 1);
  });

  it("adds a host at the given address, at the one it had, or at the next free one", async () => {
    assert.deepEqual((await command(["add", "w9", "10.27.0.99"])).calls, [
      ["add", { name: "w9", address: "10.27.0.99" }],
    ]);
    assert.deepEqual((await command(["add", "cp1"])).calls, [["add", { name: "cp1", address: "10.27.0.11" }]]);
    assert.deepEqual((await command(["add", "w9"])).calls, [["add", { name: "w9", address: "10.27.0.22" }]]);
  });

  it("says so when no address is left to give", () => {
    const full = Array.from({ length: 254 }, (_, index) => ({ address: `10.27.0.${index + 1}` }));
    assert.throws(() => nextAddress(full), LabError);
    assert.throws(() => nextAddress([]), /give the address/);
  });
});
