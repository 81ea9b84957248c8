import { plain, type PropertyMap, type PropertyValue, text } from "../provider/values.ts";
import type { CallContext, InvokeHandler } from "../provider/types.ts";
import { collectArchive, collectAssets } from "./collect.ts";
import { givenEnvironment, previousEnvironment } from "./environment.ts";
import { commandError } from "./failure.ts";
import { checkFields, type Fields } from "./fields.ts";
import { commandFields, commandResource, type RunOutputs } from "./lifecycle.ts";
import { runProcess } from "./process.ts";
import { outputStreams } from "./streams.ts";

const localFields: Fields = {
  ...commandFields,
  interpreter: { type: "strings" },
  dir: { type: "string" },
  assetPaths: { type: "strings" },
  archivePaths: { type: "strings" },
};

/** `command:local:Command`: commands on the machine that runs Pulumi. */
export const localCommand = commandResource(localFields, runLocal);

const onlyResource = ["create", "update", "delete", "triggers"];
const invokeFields: Fields = {
  ...Object.fromEntries(Object.entries(localFields).filter(([name]) => !onlyResource.includes(name))),
  command: { type: "string", required: true },
};

/** `command:local:run`: one command at every preview and update. */
export const localRun: InvokeHandler = async (args, context) => {
  const { value, failures } = checkFields(invokeFields, args);
  if (failures.length > 0) {
    throw new Error(failures.map(({ reason }) => reason).join(" "));
  }
  const outputs = await runLocal(value["command"] ?? "", value, { stdout: "", stderr: "" }, context);
  return { ...value, ...outputs };
};

async function runLocal(
  command: PropertyValue,
  inputs: PropertyMap,
  previous: RunOutputs,
  context: CallContext,
): Promise<RunOutputs> {
  const streams = outputStreams(inputs, context);
  const folder = inputs["dir"] === undefined ? process.cwd() : text(inputs["dir"]);
  const [program = "/bin/sh", ...options] = texts(inputs["interpreter"], ["/bin/sh", "-c"]);
  const result = await runProcess({
    program,
    args: [...options, text(command)],
    folder,
    environment: { ...givenEnvironment(inputs), ...previousEnvironment(inputs, previous) },
    stdin: text(inputs["stdin"]),
    signal: context.signal,
    onStdout: streams.stdout,
    onStderr: streams.stderr,
  });
  streams.end();
  if (result.code !== 0) {
    const outcome = result.code === null ? `signal: ${result.signal ?? "unknown"}` : `exit status ${result.code}`;
    throw commandError({ outcome, where: "", command, stderr: result.stderr, combined: streams.combined() }, inputs);
  }
  const outputs: RunOutputs = { stdout: trimNewline(result.stdout), stderr: trimNewline(result.stderr) };
  if (inputs["assetPaths"] !== undefined) {
    outputs["assets"] = await collectAssets(folder, texts(inputs["assetPaths"], []));
  }
  if (inputs["archivePaths"] !== undefined) {
    outputs["archive"] = await collectArchive(folder, texts(inputs["archivePaths"], []));
  }
  return outputs;
}

function texts(value: PropertyValue | undefined, fallback: string[]): string[] {
  const bare = value === undefined ? null : plain(value);
  return Array.isArray(bare) && bare.length > 0 ? bare.map(text) : fallback;
}

function trimNewline(text: string): string {
  return text.endsWith("\n") ? text.slice(0, -1) : text;
}
