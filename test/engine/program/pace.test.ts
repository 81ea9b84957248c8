import assert from "node:assert/strict";
import * as command from "@pulumi/command";
import * as random from "@pulumi/random";
import { Pace } from "../../../components/pace.ts";
import { testStack } from "../../support/pulumi.ts";
import { RecordingCommands, servePlugins } from "../../support/recording.ts";

// Programs that wait for what they have declared, by the real engine.
describe("a program that lets the engine answer now and then", function () {
  this.timeout(120_000);
  const commands = new RecordingCommands();
  let plugins: Awaited<ReturnType<typeof servePlugins>>;
  before(async () => {
    plugins = await servePlugins(commands.definition);
  });
  after(() => plugins.close());
  beforeEach(() => commands.take());

  const ran = (name: string): command.remote.Command =>
    new command.remote.Command(name, { connection: { host: "192.0.2.1" }, create: "true" });

  it("goes on when it has been answered", async () => {
    const stack = await testStack({
      program: async () => {
        const pace = new Pace(2);
        for (const name of ["a", "b", "c", "d", "e"]) await pace.after([ran(name)]);
        return { calls: commands.take() };
      },
      debugProviders: plugins.debugProviders,
    });
    try {
      const { outputs } = await stack.stack.up();
      assert.deepEqual((outputs["calls"]?.value as string[]).sort(), ["create a", "create b", "create c", "create d"]);
    } finally {
      await stack.close();
    }
  });

  it("ends with the error of a resource that it waits for", async () => {
    commands.failing.add("broken");
    const stack = await testStack({
      program: async () => {
        await new Pace(1).after([ran("broken")]);
        return { reached: true };
      },
      debugProviders: plugins.debugProviders,
    });
    try {
      await assert.rejects(stack.stack.up(), /broken failed on purpose/);
    } finally {
      commands.failing.clear();
      await stack.close();
    }
  });

  it("goes on when a targeted run leaves out what it waits for", async () => {
    const stack = await testStack({
      program: async () => {
        const left = new random.RandomPassword("left-out", { length: 8 });
        const dependent = new random.RandomPassword("dependent", { length: 8, keepers: { left: left.result } });
        await new Pace(1).after([left, dependent]);
        ran("wanted");
        return { reached: true };
      },
      debugProviders: plugins.debugProviders,
    });
    try {
      const { outputs } = await stack.stack.up({ target: ["**wanted"] });
      assert.equal(outputs["reached"]?.value, true);
      assert.deepEqual(commands.take(), ["create wanted"]);
    } finally {
      await stack.close();
    }
  });
});
