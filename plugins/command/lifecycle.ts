import { randomBytes } from "node:crypto";
import type { CallContext, ResourceHandler } from "../provider/types.ts";
import { equal, type PropertyMap, type PropertyValue, UNKNOWN } from "../provider/values.ts";
import { diffInputs } from "./diff.ts";
import { checkFields, type Fields } from "./fields.ts";

/** Inputs that every command has. */
export const commandFields: Fields = {
  create: { type: "string" },
  update: { type: "string" },
  delete: { type: "string" },
  triggers: { type: "list" },
  stdin: { type: "string" },
  logging: { type: "string", oneOf: ["stdout", "stderr", "stdoutAndStderr", "none"] },
  addPreviousOutputInEnv: { type: "boolean" },
  environment: { type: "stringMap" },
};

/** Outputs of one run. */
export interface RunOutputs extends PropertyMap {
  stdout: string;
  stderr: string;
}

/** What the engine keeps. */
export interface Kept {
  /** Turns checked inputs into what is kept of them. */
  check: (inputs: PropertyMap) => PropertyMap;
  /** Does that to properties of a state that another version of this plugin may have written, to compare them. */
  compare: (properties: PropertyMap, news: PropertyMap) => PropertyMap;
}

/** Runs `command` with the resource's inputs; `previous` is what the last run printed. Throws when it fails. */
export type RunCommand = (
  command: PropertyValue,
  inputs: PropertyMap,
  previous: RunOutputs,
  context: CallContext,
) => Promise<RunOutputs>;

const NOTHING: RunOutputs = { stdout: "", stderr: "" };

/**
 * A resource whose life is commands: `create` at creation and, without `update`, at every change of an input; `delete`
 * at the end. A failure stores nothing, so a half-done create runs again and its `delete` does not.
 */
export function commandResource(fields: Fields, run: RunCommand, kept: Kept): ResourceHandler {
  return {
    check: (news) => {
      const { value, failures } = checkFields(fields, news);
      return { inputs: kept.check(value), failures };
    },

    diff: ({ olds, oldInputs, ...request }) =>
      diffInputs(fields, {
        ...request,
        olds: kept.compare(olds, request.news),
        oldInputs: oldInputs && kept.compare(oldInputs, request.news),
      }),

    create: async (inputs, preview, context) => {
      const id = context.name + randomBytes(4).toString("hex");
      if (preview) {
        return { id, properties: { ...forDeletion(inputs), stdout: UNKNOWN, stderr: UNKNOWN } };
      }
      const { create } = inputs;
      const outputs = create === undefined ? NOTHING : await run(create, inputs, NOTHING, context);
      return { id, properties: { ...forDeletion(inputs), ...outputs } };
    },

    update: async ({ olds, news, oldInputs }, preview, context) => {
      const previous = previousOutputs(olds);
      if (preview) {
        const same = Object.keys(fields).every((name) => equal((oldInputs ?? olds)[name], news[name]));
        const unknown = Object.fromEntries(Object.keys(previous).map((name) => [name, UNKNOWN]));
        return { ...forDeletion(news), ...(same ? previous : unknown) };
      }
      const command = news["update"] ?? news["create"];
      const outputs = command === undefined ? previous : await run(command, news, previous, context);
      return { ...forDeletion(news), ...outputs };
    },

    delete: async (_id, properties, context) => {
      const command = properties["delete"];
      if (command !== undefined) {
        await run(command, properties, previousOutputs(properties), context);
      }
    },

    // The state is all there is to know: a refresh never touches the host.
    read: (id, properties, inputs) => Promise.resolve({ id, properties, inputs }),
  };
}

/**
 * What the outputs repeat of the inputs: what a deletion needs, which is given the outputs alone. The engine keeps the inputs
 * besides, so that a repeated text would stand in the state twice.
 */
export function forDeletion(inputs: PropertyMap): PropertyMap {
  const deletes = inputs["delete"] !== undefined;
  return Object.fromEntries(
    Object.entries(inputs).filter(([name]) => name !== "create" && name !== "update" && (deletes || name !== "stdin")),
  );
}

function previousOutputs(state: PropertyMap): RunOutputs {
  return { stdout: state["stdout"] ?? "", stderr: state["stderr"] ?? "" } as RunOutputs;
}
