import assert from "node:assert/strict";
import { addressesIn, answersFrom } from "../../../../cli/newproject/ask.ts";

const own = ["198.51.100.7", "192.0.2.5"];

describe("what init asks", () => {
  /** Answers in order, and what was asked. */
  const asking = (...answers: string[]) => {
    const asked: string[] = [];
    const ask = (question: string, byDefault = ""): Promise<string> => {
      asked.push(byDefault === "" ? question : `${question} [${byDefault}]`);
      const answer = answers.shift() ?? assert.fail(`not expected: ${question}`);
      return Promise.resolve(answer === "" ? byDefault : answer);
    };
    return { ask, asked };
  };

  it("is the stack's name alone, for hosts on this machine", async () => {
    const { ask, asked } = asking("");
    assert.equal(await answersFrom({}, ask, own), undefined);
    assert.deepEqual(asked, ["Name of the first stack; lab: hosts on this machine [lab]"]);
  });

  it("is besides where hosts of one's own are", async () => {
    const { ask, asked } = asking("prod", "192.0.2.11, 192.0.2.12 192.0.2.13", "192.0.2.21", "192.0.2.10", "");
    assert.deepEqual(await answersFrom({}, ask, own), {
      stack: "prod",
      controlPlane: ["192.0.2.11", "192.0.2.12", "192.0.2.13"],
      workers: ["192.0.2.21"],
      vip: "192.0.2.10",
      subnet: undefined,
      operator: "192.0.2.5",
    });
    assert.equal(asked.at(-1), "Address of this machine, as the hosts reach it [192.0.2.5]");
  });

  it("is nothing that was said, and no virtual IP of one control-plane host", async () => {
    const { ask, asked } = asking("");
    const said = { stack: "prod", controlPlane: ["192.0.2.11"], operator: "192.0.2.6" };
    const answers = await answersFrom(said, ask, own);
    assert.deepEqual(asked, ["Addresses of its workers, none is possible"]);
    assert.deepEqual([answers?.workers, answers?.vip, answers?.operator], [[], undefined, "192.0.2.6"]);
  });

  it("is nothing without a terminal: what was not said has a default", async () => {
    assert.equal(await answersFrom({}, undefined, own), undefined);
    assert.deepEqual(await answersFrom({ controlPlane: ["192.0.2.11"] }, undefined, ["198.51.100.7"]), {
      stack: "prod",
      controlPlane: ["192.0.2.11"],
      workers: [],
      vip: undefined,
      subnet: undefined,
      operator: "198.51.100.7",
    });
  });

  it("is refused where hosts are named for the lab", async () => {
    await assert.rejects(
      answersFrom({ stack: "lab", worker: ["192.0.2.21"] }, undefined, own),
      /^CliError: The hosts of the stack lab are made on this machine, .* --stack NAME\.$/,
    );
  });

  it("takes addresses with commas, blanks or both", () => {
    assert.deepEqual(addressesIn(" 192.0.2.1,192.0.2.2  192.0.2.3, "), ["192.0.2.1", "192.0.2.2", "192.0.2.3"]);
    assert.deepEqual(addressesIn(), []);
  });
});
