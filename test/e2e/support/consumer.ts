// Runs examples/consumer on the lab as `pulumi up` or `pulumi destroy` would, by the Automation API and the bundled plugins:
//
//   node test/e2e/support/consumer.ts up|destroy
//
// Prints the outputs as JSON. It goes on inside the lab's network namespace by itself.
import path from "node:path";
import { chooseBackend } from "../../../cli/pulumi/backend.ts";
import { engineContext } from "../../../cli/pulumi/context.ts";
import { Engine } from "../../../cli/pulumi/engine.ts";
import { enterRunningLab } from "../../../cli/lab/namespace.ts";
import { LAB_STACK } from "../../../cli/lab/stack.ts";
import { findPulumi } from "../../../cli/supply/needs.ts";
import { operateAloud } from "../../../cli/operations/operation.ts";
import { Phases } from "../../../cli/process/phases.ts";
import { readRawOutputs } from "../../../cli/pulumi/outputs.ts";
import { loadProgram } from "../../../cli/pulumi/program.ts";
import { projectAt, thisProject } from "../../../cli/project/project.ts";
import { terminal as makeTerminal } from "../../../cli/render/terminal.ts";
import { openInput } from "../../../cli/session/settings.ts";

const action = process.argv[2];
if (action !== "up" && action !== "destroy") throw new Error("say up or destroy");

const plinth = thisProject();
const terminal = makeTerminal({ json: true });
const input = await openInput(plinth, LAB_STACK, terminal);
enterRunningLab(plinth, LAB_STACK, input.settings, Phases.fromEnvironment());

// Both projects keep their state in one place: a reference finds other stacks of its own backend only.
const { url } = chooseBackend(plinth, input.settings);
if (url !== undefined) process.env["PULUMI_BACKEND_URL"] = url;

const consumer = projectAt(path.join(plinth.dir, "examples/consumer"));
const engine = await Engine.open({
  context: await engineContext(consumer, LAB_STACK, await findPulumi(terminal), (line) => {
    terminal.note(line);
  }),
  program: await loadProgram(consumer),
  plugins: "bundled",
  parallel: 4,
});
try {
  await operateAloud(engine, terminal, [], async (events) => {
    if (action === "destroy") return engine.destroy({ events });
    await engine.up({ events });
    terminal.print(JSON.stringify(await readRawOutputs(engine.context, { secrets: true }), null, 2));
  });
} finally {
  await engine.close();
}
