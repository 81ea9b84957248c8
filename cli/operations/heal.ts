import { readRequests, requestEnvironment } from "../../plan/requests.ts";
import { readDrift } from "../drift/read.ts";
import { driftLines } from "../drift/render.ts";
import type { Terminal } from "../render/terminal.ts";
import type { EngineContext } from "../pulumi/context.ts";
import type { StackInput } from "../project/inventory.ts";

/** Looks for drift, says what is found, and makes the program's next runs in this process put it right. */
export async function requestHeal(context: EngineContext, input: StackInput, terminal: Terminal): Promise<void> {
  const report = await readDrift(input, context);
  for (const line of driftLines(report, input.hosts.length, terminal, "up")) terminal.note(line);
  const requests = readRequests(process.env);
  const heal = [...new Set([...requests.heal, ...report.heal])];
  Object.assign(process.env, requestEnvironment({ ...requests, heal }));
}
