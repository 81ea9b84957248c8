import { CommanderError, type Command } from "commander";
import { separateArguments } from "../../cli/commands/kubectl.ts";

/** Command lines of Plinth in a text of Markdown: in blocks of shell, and within sentences. */
export function commandLinesIn(markdown: string): string[] {
  const blocks = [...markdown.matchAll(/```sh\n([^]*?)```/g)].flatMap(([, block = ""]) => block.split("\n"));
  const sentences = markdown.replaceAll(/```sh\n[^]*?```/g, "");
  const inline = [...sentences.matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code);
  return [...blocks, ...inline].map((line) => line.trim()).filter((line) => line.startsWith("./plinth "));
}

/** Words as a shell takes them, up to a pipe, a redirection or a comment. */
function wordsOf(line: string): string[] {
  const words = [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, single, double, plain]) => ({
    text: single ?? double ?? plain ?? "",
    plain: plain !== undefined,
  }));
  const end = words.findIndex(({ text, plain }) => plain && /^([|>#]|&&)/.test(text));
  return (end < 0 ? words : words.slice(0, end)).map(({ text }) => text);
}

/** Why the command line would be refused as it is written; undefined where it would be run. Nothing is run. */
export async function refusalOf(app: Command, line: string): Promise<string | undefined> {
  const below = (command: Command): Command[] => [command, ...command.commands.flatMap(below)];
  for (const command of below(app)) {
    command.exitOverride().configureOutput({ writeOut: () => undefined, writeErr: () => undefined });
    command.action(() => undefined);
  }
  const [, ...args] = wordsOf(line);
  try {
    await app.parseAsync(separateArguments(args), { from: "user" });
    return undefined;
  } catch (error) {
    if (error instanceof CommanderError) return error.message;
    throw error;
  }
}
