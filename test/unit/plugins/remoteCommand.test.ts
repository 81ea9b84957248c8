import assert from "node:assert/strict";
import { commandProvider } from "../../../plugins/command/index.ts";
import { DiffKind } from "../../../plugins/provider/types.ts";
import { type PropertyMap, secret, UNKNOWN } from "../../../plugins/provider/values.ts";
import { sharedPool } from "../../../ssh/index.ts";
import { newKey, startSshServer, type TestSshServer } from "../ssh/sshServer.ts";
import { type Created, ProviderClient } from "./client.ts";

const { privateKey, publicKey } = newKey();

describe("command:remote:Command", () => {
  let server: TestSshServer;
  let client: ProviderClient;

  before(async () => {
    server = await startSshServer({ publicKey });
    client = await ProviderClient.start(commandProvider, "command:remote:Command");
  });
  after(async () => {
    await client.close();
    await sharedPool.close();
    await server.close();
  });

  async function inputs(rest: PropertyMap): Promise<PropertyMap> {
    const connection = { host: "127.0.0.1", port: server.port, user: "me", privateKey, hostKey: server.hostKey };
    const { inputs: checked, failures } = await client.check({ connection, ...rest });
    assert.deepEqual(failures, []);
    return checked;
  }

  async function created(rest: PropertyMap): Promise<{ resource: Created; given: PropertyMap }> {
    const given = await inputs(rest);
    return { resource: await client.create(given), given };
  }

  describe("check", () => {
    it("fills in the connection's defaults, makes it and its passwords secret, and keeps no private key", async () => {
      const proxy = { host: "p", password: "x" };
      const { inputs: checked } = await client.check({
        connection: { host: "h", privateKey: "k", proxy: { ...proxy, privateKey: secret("k") } },
        create: "c",
      });
      const defaults = { dialErrorLimit: 10, perDialTimeout: 15, port: 22, user: "root" };
      assert.deepEqual(checked, {
        create: "c",
        connection: secret({
          ...defaults,
          host: "h",
          proxy: { ...defaults, host: "p", password: secret("x") },
        }),
      });
    });

    it("another private key is no change", async () => {
      const checked = (key: string) => client.check({ connection: { host: "h", privateKey: key }, create: "c" });
      assert.deepEqual(await checked("one"), await checked("two"));
    });

    it("a private key that a state has is no difference", async () => {
      const { inputs: news } = await client.check({ connection: { host: "h", proxy: { host: "p" } }, create: "c" });
      const kept = plainConnection(news);
      const proxy = { ...(kept["proxy"] as PropertyMap), privateKey: "k" };
      const olds = {
        ...news,
        connection: secret({ ...kept, privateKey: secret("k"), privateKeyPassword: "p", proxy }),
      };
      assert.equal((await client.diff({ id: "x", properties: olds }, news, olds)).changes, "none");
    });

    it("a bastion that a state has is no difference where the program names none, and another one is", async () => {
      const check = async (proxy?: string) => {
        const connection = { host: "h", ...(proxy === undefined ? {} : { proxy: { host: proxy } }) };
        return (await client.check({ connection, create: "c" })).inputs;
      };
      const [none, one, other] = [await check(), await check("p"), await check("q")];
      const changes = async (olds: PropertyMap, news: PropertyMap) =>
        (await client.diff({ id: "x", properties: olds }, news, olds)).changes;
      assert.deepEqual([await changes(one, none), await changes(one, other)], ["none", "some"]);
    });

    it("names unknown keys of the connection and never shows its values", async () => {
      const connection = { host: "h", privatekey: "VERYSECRET", privateKey: "VERYSECRET" };
      const { inputs: checked, failures } = await client.check({ connection, create: "c" });
      assert.equal(failures.length, 1);
      // The engine prints the value of a property that a failure names: here it has a private key in it.
      assert.equal(failures[0]?.property, "");
      assert.match(failures[0].reason, /^connection\.privatekey is not a known key\. Known: agentSocketPath, /);
      assert.ok(!JSON.stringify(failures).includes("VERYSECRET"));
      assert.deepEqual(checked["connection"], secret(plainConnection(checked)));
    });

    for (const [name, rest, reason] of [
      ["a missing connection", {}, "connection is missing."],
      ["a missing host", { connection: { user: "x" } }, "connection.host is missing."],
      ["a port as text", { connection: { host: "h", port: "22" } }, "connection.port must be a number."],
      ["a create that is no text", { connection: { host: "h" }, create: 5 }, "create must be a string."],
      ["an unknown logging", { connection: { host: "h" }, logging: "loud" }, "logging must be one of stdout, stderr, "],
      ["an unknown input", { connection: { host: "h" }, bogus: 1 }, "bogus is not a known key."],
    ] as const) {
      it(`refuses ${name}`, async () => {
        const { failures } = await client.check(rest);
        assert.ok(failures[0]?.reason.startsWith(reason), JSON.stringify(failures));
      });
    }

    it("takes unknown values as they are", async () => {
      const { inputs: checked, failures } = await client.check({ connection: { host: UNKNOWN }, create: UNKNOWN });
      assert.deepEqual(failures, []);
      assert.equal(checked["create"], UNKNOWN);
    });
  });

  describe("create", () => {
    it("runs create with stdin and keeps its output, one newline cut off, but not what it ran", async () => {
      const { resource, given } = await created({ create: "cat; printf '\\n\\n'; echo e >&2", stdin: secret("in") });
      assert.match(resource.id, /^res[0-9a-f]{8}$/);
      assert.deepEqual(resource.properties, { connection: given["connection"], stdout: "in\n", stderr: "e" });
    });

    it("keeps what a deletion needs", async () => {
      const { resource, given } = await created({ create: "cat", update: "u", delete: "d", stdin: "in" });
      const { connection, delete: deletion, stdin } = given;
      assert.deepEqual(resource.properties, { connection, delete: deletion, stdin, stdout: "in", stderr: "" });
    });

    it("does nothing without create", async () => {
      const before = server.counts.commands;
      const { resource } = await created({ update: "x" });
      assert.deepEqual([resource.properties["stdout"], resource.properties["stderr"]], ["", ""]);
      assert.equal(server.counts.commands, before);
    });

    it("previews unknown output without touching the host", async () => {
      const before = server.counts.commands;
      const { properties } = await client.create(await inputs({ create: "echo" }), { preview: true });
      assert.deepEqual([properties["stdout"], properties["stderr"]], [UNKNOWN, UNKNOWN]);
      assert.equal(server.counts.commands, before);
    });

    it("gives environment to the command without showing it in a process list or needing AcceptEnv", async () => {
      const environment = { SECRET_ONE: "it's $HOME", B: "2" };
      const { resource } = await created({ create: 'echo "$SECRET_ONE|$B"; cat', environment, stdin: "rest" });
      assert.equal(resource.properties["stdout"], "it's $HOME|2\nrest");
      assert.ok(!server.commands.at(-1)?.includes("HOME"));
    });

    it("shares one connection between all commands", () => {
      assert.equal(server.counts.connections, 1);
    });
  });

  describe("a failed command", () => {
    const failure = async (rest: PropertyMap): Promise<string> => {
      const error = await created(rest).then(
        () => assert.fail("must fail"),
        (reason: unknown) => reason as Error,
      );
      return error.message;
    };

    it("names status, host, command and what it printed", async () => {
      assert.equal(
        await failure({ create: "echo out; exit 3" }),
        'Process exited with status 3: running "echo out; exit 3" on host 127.0.0.1:\nout',
      );
    });

    it("shows the first line alone of a long script, and the end of long output", async () => {
      const message = await failure({ create: `# deploy\nSECOND=line\nseq 1 100\nexit 1` });
      assert.match(message, /running "# deploy…" on host 127\.0\.0\.1:\n…\n61\n/);
      assert.ok(message.endsWith("\n100"));
      assert.ok(!message.includes("SECOND"));
    });

    it("shows stderr but not stdout with logging none", async () => {
      const message = await failure({ create: "echo token; echo reason >&2; exit 1", logging: "none" });
      assert.ok(message.endsWith(":\nreason"), message);
      assert.ok(!message.includes("token\n"));
    });

    it("shows no private key and no line of a secret stdin", async () => {
      const stdin = secret(`${privateKey}password=correct-horse`);
      const message = await failure({ create: "cat >&2; exit 1", stdin });
      assert.match(message, /\[private key\]\n\[secret\]$/);
      assert.ok(!message.includes("horse") && !message.includes("BEGIN"));
    });

    it("does not show a secret command", async () => {
      assert.match(await failure({ create: secret("PW=hunter2; exit 1") }), /running a secret command on host/);
    });

    it("says which signal ended it", async () => {
      assert.match(await failure({ create: "kill -KILL $$" }), /^Process was ended by signal KILL: running "kill/);
    });
  });

  describe("diff", () => {
    const kinds = DiffKind;
    for (const [name, before, after, replaces, detailed] of [
      ["nothing", { create: "a" }, { create: "a" }, [], {}],
      ["create", { create: "a" }, { create: "b" }, [], { create: kinds.update }],
      ["an unknown create", { create: "a" }, { create: UNKNOWN }, [], { create: kinds.update }],
      ["logging that was not set", {}, { logging: "none" }, [], { logging: kinds.add }],
      ["a stdin that goes", { stdin: "a" }, {}, [], { stdin: kinds.delete }],
      ["stdin that becomes secret", { stdin: "a" }, { stdin: secret("a") }, [], { stdin: kinds.update }],
      ["first triggers", {}, { triggers: [1] }, ["triggers"], { triggers: kinds.addReplace }],
      ["triggers that go", { triggers: [1] }, {}, ["triggers"], { triggers: kinds.deleteReplace }],
      // The SDK's replaceOnChanges ["triggers[*]"] makes a replacement of these two.
      ["one trigger", { triggers: [1, 2] }, { triggers: [1, 3] }, [], { "triggers[1]": kinds.update }],
      ["one more trigger", { triggers: [1] }, { triggers: [1, 2] }, [], { "triggers[1]": kinds.add }],
      [
        "variables",
        { environment: { A: "1" } },
        { environment: { A: "2", "b.c": "3" } },
        [],
        {
          "environment.A": kinds.update,
          'environment["b.c"]': kinds.add,
        },
      ],
    ] as [string, PropertyMap, PropertyMap, string[], Record<string, number>][]) {
      it(`of ${name}`, async () => {
        const oldInputs = await inputs(before);
        const resource = { id: "x", properties: { ...oldInputs, stdout: "", stderr: "" } };
        const result = await client.diff(resource, await inputs(after), oldInputs);
        assert.equal(result.changes, Object.keys(detailed).length === 0 ? "none" : "some");
        assert.deepEqual(result.replaces, replaces);
        assert.deepEqual(result.detailed, detailed);
      });
    }

    it("of another host is an update of the connection as a whole", async () => {
      const oldInputs = await inputs({});
      const { inputs: news } = await client.check({ connection: { host: "other" } });
      const result = await client.diff({ id: "x", properties: oldInputs }, news, oldInputs);
      assert.deepEqual([result.replaces, result.detailed], [[], { connection: kinds.update }]);
    });

    it("leaves ignored inputs alone", async () => {
      const oldInputs = await inputs({ create: "a" });
      const resource = { id: "x", properties: oldInputs };
      const result = await client.diff(resource, await inputs({ create: "b" }), oldInputs, ["create"]);
      assert.equal(result.changes, "none");
    });
  });

  describe("update", () => {
    it("runs create again, without update, and offers the last output as variables", async () => {
      const { resource } = await created({ create: "echo one" });
      const properties = await client.update(resource, await inputs({ create: 'echo "$PULUMI_COMMAND_STDOUT two"' }));
      assert.equal(properties["stdout"], "one two");
    });

    it("runs update where there is one, without the last output when it is not wanted", async () => {
      const { resource } = await created({ create: "echo one" });
      const news = { create: "exit 1", update: 'echo "[$PULUMI_COMMAND_STDOUT]"', addPreviousOutputInEnv: false };
      assert.equal((await client.update(resource, await inputs(news)))["stdout"], "[]");
    });

    it("previews unknown output as soon as an input differs, and the old one when none does", async () => {
      const { resource, given } = await created({ create: "echo one" });
      const preview = async (news: PropertyMap) => (await client.update(resource, news, true, given))["stdout"];
      assert.equal(await preview(given), "one");
      assert.equal(await preview(await inputs({ create: "echo two" })), UNKNOWN);
    });
  });

  describe("delete and read", () => {
    it("runs delete with stdin and the last output", async () => {
      const { resource } = await created({
        create: "echo one",
        delete: 'test "$PULUMI_COMMAND_STDOUT$(cat)" = onein',
        stdin: "in",
      });
      await client.delete(resource);
    });

    it("does nothing without delete", async () => {
      const { resource } = await created({ create: "echo one" });
      const before = server.counts.commands;
      await client.delete(resource);
      assert.equal(server.counts.commands, before);
    });

    it("reads the state as it is", async () => {
      const { resource, given } = await created({ create: "echo one" });
      const before = server.counts.commands;
      assert.deepEqual(await client.read(resource.id, resource.properties, given), { ...resource, inputs: given });
      assert.equal(server.counts.commands, before);
    });
  });

  describe("interrupts", () => {
    const running = async (): Promise<void> => {
      const deadline = Date.now() + 5000;
      while (!server.commands.at(-1)?.includes("sleep 20")) {
        assert.ok(Date.now() < deadline, "the command did not start");
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    };

    it("Cancel ends a running command; the next run works", async () => {
      const failed = assert.rejects(created({ create: "sleep 20" }), /Host 127\.0\.0\.1:\d+: interrupted/);
      await running();
      await client.cancel();
      await failed;
      assert.equal((await created({ create: "echo again" })).resource.properties["stdout"], "again");
    });

    it("customTimeouts end a command", async () => {
      await assert.rejects(client.create(await inputs({ create: "sleep 21" }), { timeout: 0.3 }), /customTimeouts/);
    });
  });
});

function plainConnection(checked: PropertyMap): PropertyMap {
  return (checked["connection"] as PropertyMap)["value"] as PropertyMap;
}
