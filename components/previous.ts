import * as pulumi from "@pulumi/pulumi";

/** Attempts and the time between them, milliseconds: writing a state takes less than a second. */
const attempts = 50;
const pause = 100;

/** Reads the outputs that the running stack had before this run, secrets in clear. Empty when it had none. */
export function readPrevious(): Promise<Record<string, unknown>> {
  return readOutputsOf(`${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`);
}

/**
 * Reads the outputs of a stack by its fully qualified name, secrets in clear. Empty when it has none.
 *
 * Not by a StackReference: in the first moments of a run the engine writes the very file that is read, and a reference that
 * cannot be read ends the run, while a function that fails may be called again.
 */
export async function readOutputsOf(name: string): Promise<Record<string, unknown>> {
  const { outputs } = await patiently(() => readStackOutputs(name));
  return outputs;
}

/** The engine's own function behind StackReference. */
function readStackOutputs(name: string): Promise<{ outputs: Record<string, unknown> }> {
  return pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", { name }, { async: true });
}

/** @throws what the last attempt threw. */
async function patiently<T>(read: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await read();
    } catch (error) {
      if (attempt >= attempts) throw error;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}
