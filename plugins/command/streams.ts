import type { CallContext } from "../provider/types.ts";
import { type PropertyMap, text } from "../provider/values.ts";
import { LineWriter } from "./output.ts";

/** Takes a command's output: shows it as progress by the input `logging`, and keeps both streams in their order. */
export interface OutputStreams {
  stdout: (chunk: string) => void;
  stderr: (chunk: string) => void;
  /** Shows last lines that have no newline. */
  end: () => void;
  combined: () => string;
}

export function outputStreams(inputs: PropertyMap, context: CallContext): OutputStreams {
  const logging = text(inputs["logging"]) || "stdoutAndStderr";
  const chunks: string[] = [];
  const writers: LineWriter[] = [];
  const stream = (shown: boolean): ((chunk: string) => void) => {
    const writer = new LineWriter(shown ? context.progress : () => undefined);
    writers.push(writer);
    return (chunk) => {
      chunks.push(chunk);
      writer.add(chunk);
    };
  };
  return {
    stdout: stream(logging === "stdout" || logging === "stdoutAndStderr"),
    stderr: stream(logging === "stderr" || logging === "stdoutAndStderr"),
    end: () => {
      for (const writer of writers) writer.end();
    },
    combined: () => chunks.join(""),
  };
}
