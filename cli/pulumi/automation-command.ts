import type { PulumiCommand } from "@pulumi/pulumi/automation/index.js";
import { PulumiFailure, startPulumi, type PulumiProcess } from "./cli.ts";

type Version = NonNullable<PulumiCommand["version"]>;

/** The engine process that is running now, if any. */
export interface Running {
  current: PulumiProcess | undefined;
}

/**
 * What the Automation API asks for after each run, and what it is told: nothing. It would start the CLI three times, one
 * after the other, and each reads the whole state. A run's outputs are among its events.
 */
const unwanted = new Map([
  ["stack output", "{}"],
  ["stack history", "[]"],
]);

/**
 * The Automation API's way to the Pulumi CLI. The API's own one starts the CLI in this process's group, where Ctrl-C
 * reaches it twice; this one goes through `startPulumi` and keeps the process at hand for interrupts.
 *
 * @param isKnown whether the stack is known to be there, so that the CLI need not be asked.
 * @param onStart is told that the CLI has been started: it takes most of a second until it asks for anything.
 */
export function automationCommand(
  pulumi: string,
  version: Version,
  isKnown: () => boolean,
  onStart: () => void,
  notFound: (result: unknown) => Error,
): { command: PulumiCommand; running: Running } {
  const running: Running = { current: undefined };
  const command = {
    command: pulumi,
    version,
    async run(
      args: string[],
      cwd: string,
      env: Record<string, string>,
      onOutput?: (chunk: string) => void,
      onError?: (chunk: string) => void,
    ) {
      const nothing = unwanted.get(args.slice(0, 2).join(" "));
      if (nothing !== undefined) return { stdout: nothing, stderr: "", code: 0 };
      // Every run names its stack: which one is selected is of no interest, only whether it is there.
      if (args.slice(0, 2).join(" ") === "stack select" && isKnown()) return { stdout: "", stderr: "", code: 0 };
      const child = startPulumi(pulumi, [...args, "--non-interactive"], {
        cwd,
        env: { ...env, PULUMI_AUTOMATION_API: "true" },
        ...(onOutput === undefined ? {} : { onStdout: onOutput }),
        ...(onError === undefined ? {} : { onStderr: onError }),
      });
      running.current = child;
      onStart();
      try {
        const result = await child.ended;
        if (result.code === 0) return result;
        if (/no stack named/i.test(result.stderr)) throw notFound(result);
        throw new PulumiFailure(result);
      } finally {
        running.current = undefined;
      }
    },
  };
  // The class has a private constructor; the API itself uses these three members only.
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment
  return { command: command, running };
}
