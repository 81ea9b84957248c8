import { Command, InvalidArgumentError, Option } from "commander";
import { QuietExit } from "../errors.ts";
import { examplesHelp, Exit, exitCodesHelp } from "../exit.ts";
import * as shared from "../options.ts";

interface RunOptions {
  stack: string;
  on?: string;
  root?: boolean;
  input?: string;
  timeout: number;
  parallel?: number;
  json?: boolean;
}

export const onOption = (): Option =>
  new Option(
    "--on <selector>",
    "hosts by name (cp1,w2 or w*), role=, region=, zone=, rack=, label:KEY=VALUE; comma is or, & is and, ! is not (default: all)",
  );

export const rootOption = (): Option => new Option("--root", "as root, by sudo; without it as the user who logs in");

export const hostsAtOnceOption = (): Option =>
  new Option("-p, --parallel <count>", "hosts at the same time (default: plinth:sshDials)").argParser(
    shared.parseCount,
  );

/** Longest time-out that a timer takes: 24 days. */
const mostSeconds = 2_000_000;

export function parseSeconds(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > mostSeconds || text.trim() === "")
    throw new InvalidArgumentError(`It must be a whole number of seconds from 0 (no limit) to ${mostSeconds}.`);
  return value;
}

export const timeoutOption = (seconds: number): Option =>
  new Option("--timeout <seconds>", "for each host, once it has begun; 0: no limit")
    .argParser(parseSeconds)
    .default(seconds);

export function runCommand(): Command {
  return new Command("run")
    .description("run a command on hosts, on many at the same time, and tell equal answers once")
    .argument("<command...>", "behind --: words of a command; one word alone is a line for the host's shell")
    .addOption(shared.stackOption())
    .addOption(onOption())
    .addOption(rootOption())
    .addOption(new Option("--input <file>", "file for the command's standard input, - for that of plinth; else none"))
    .addOption(timeoutOption(60))
    .addOption(hostsAtOnceOption())
    .addOption(shared.jsonOption())
    .passThroughOptions()
    .addHelpText(
      "after",
      [
        examplesHelp([
          ["./plinth run -- uptime", "on all hosts"],
          ["./plinth run --on 'role=worker&rack=r1' --root -- systemctl is-active kubelet", "as root on some"],
          ["./plinth run --on cp1,w1 -- 'df -h | sort'", "one word: a line for a shell"],
        ]),
        "\ndocs/adhoc.md describes selectors, output and --json.",
        exitCodesHelp([
          [Exit.done, "it ended with 0 everywhere; the same other code everywhere is passed on"],
          [Exit.failed, "it ended with several codes"],
          [Exit.badInput, "command line, selector, inventory or configuration not valid; nothing was run"],
          [Exit.timedOut, "a host did not end it in time"],
          [Exit.interrupted, "interrupted; the command was ended everywhere"],
          [Exit.unreachable, "a host cannot be reached, or the connection broke"],
        ]),
      ].join("\n"),
    )
    .action(run);
}

async function run(words: string[], options: RunOptions): Promise<void> {
  const { readInputFile } = await import("../adhoc/input.ts");
  const { openStack } = await import("../session/opening.ts");
  const { input: stack } = await openStack(options.stack);
  const { chooseHosts } = await import("../adhoc/channel.ts");
  const { runOnHosts } = await import("../adhoc/run.ts");
  const { endingAll } = await import("../adhoc/ending.ts");
  const { exitCodeOfAnswers } = await import("../../plan/adhoc/answers.ts");
  const { answerLines, answersDocument, asciiJson } = await import("../render/adhoc.ts");
  const { terminal: makeTerminal } = await import("../render/terminal.ts");
  const terminal = makeTerminal(options);
  const { access } = await chooseHosts(stack, options.on);
  const input = await readInputFile(options.input);
  const root = options.root === true;
  const answers = await endingAll(terminal, (signal) =>
    runOnHosts(access, {
      ...{ words, root, input, signal },
      seconds: options.timeout,
      parallel: options.parallel ?? stack.config.sshDials,
    }),
  );
  const exitCode = exitCodeOfAnswers(answers);
  if (options.json === true) {
    terminal.print(asciiJson(answersDocument({ stack: options.stack, command: words, root, exitCode }, answers)));
  } else {
    for (const line of answerLines(answers, terminal)) terminal.print(line);
  }
  if (exitCode !== 0) throw new QuietExit(exitCode);
}
