import type { runtime } from "@pulumi/pulumi";
import { isDebugging } from "../debugging.ts";

type EngineClient = NonNullable<ReturnType<typeof runtime.getEngine>>;

/** As the engine numbers them. */
const debugSeverity = 0;

/**
 * Runs something without stack traces, unless the user is debugging. The SDK takes one for each of the hundreds of promises
 * of a resource, and shows them only when a program forgets a promise: they are a quarter of the time of a large preview.
 */
export async function withoutStackTraces<T>(run: () => Promise<T>): Promise<T> {
  if (isDebugging()) return run();
  const before = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return await run();
  } finally {
    Error.stackTraceLimit = before;
  }
}

/**
 * Keeps the SDK's debugging messages from the engine, unless the user is debugging: three for each resource, one of them with
 * all its inputs, which the engine throws away.
 */
export function withoutDebugMessages(engine: EngineClient | undefined): void {
  if (engine === undefined || isDebugging()) return;
  const client = engine as unknown as { log: LogCall };
  const log = client.log.bind(engine);
  client.log = (request, answered) => {
    if (request.getSeverity() !== debugSeverity) return log(request, answered);
    answered(null, undefined);
    return undefined;
  };
}

/** How the SDK calls it, which is one of several overloads. */
type LogCall = (request: { getSeverity(): number }, answered: (error: null, answer: undefined) => void) => unknown;
