import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { keepSecret, markSecrets } from "../../components/secrets.ts";
import { isSecret, plain, record } from "../support/recorder.ts";

const secrets = ["correct horse"];

class Anything extends pulumi.CustomResource {
  constructor(name: string, inputs: pulumi.Inputs) {
    super("test:index:Anything", name, inputs);
  }
}

describe("secrets of the configuration", () => {
  it("make every input that holds one a secret, and no other", async () => {
    const { registrations } = await record(async () => {
      keepSecret(secrets);
      new Anything("one", {
        text: "--token=correct horse",
        deep: [{ later: pulumi.output(Promise.resolve("a correct horse")), other: "x" }],
        public: "horse",
        number: 1,
      });
      await Promise.resolve();
    });
    const inputs = registrations.find(({ name }) => name === "one")?.inputs ?? {};
    assert.ok(isSecret(inputs["text"]));
    assert.equal(plain(inputs["text"]), "--token=correct horse");
    const [deep] = inputs["deep"] as { later: unknown; other: unknown }[];
    assert.ok(isSecret(deep?.later));
    assert.equal(deep?.other, "x");
    assert.deepEqual([inputs["public"], inputs["number"]], ["horse", 1]);
  });

  it("make outputs secrets, wherever they are known", async () => {
    let marked: Record<string, pulumi.Output<unknown>> = {};
    await record(async () => {
      marked = markSecrets(
        { now: "correct horse", later: pulumi.output("correct horse"), none: "x" },
        secrets,
      ) as typeof marked;
      assert.equal(marked["none"], "x");
      for (const name of ["now", "later"]) assert.ok(await (marked[name] as { isSecret?: Promise<boolean> }).isSecret);
    });
  });
});
