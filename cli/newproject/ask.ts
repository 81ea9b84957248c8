import { operatorFor, type StackAnswers } from "../../plan/newproject/stack.ts";
import { CliError } from "../errors.ts";
import { Exit } from "../exit.ts";
import { LAB_STACK } from "../lab/stack.ts";
import { ownAddresses } from "../project/addresses.ts";

/** What the command line says. */
export interface Said {
  stack?: string | undefined;
  controlPlane?: readonly string[] | undefined;
  worker?: readonly string[] | undefined;
  vip?: string | undefined;
  subnet?: string | undefined;
  operator?: string | undefined;
}

/** Asks a question; an empty answer is the default. */
export type Ask = (question: string, byDefault?: string) => Promise<string>;

/**
 * The first stack of a new project: what was said, and what is asked for where there is somebody to ask.
 *
 * @param ask undefined without one: defaults count then.
 * @param own addresses of this machine.
 * @returns undefined for the lab: hosts on this machine.
 * @throws CliError when the lab is asked for with addresses.
 */
export async function answersFrom(
  said: Said,
  ask: Ask | undefined,
  own = ownAddresses(),
): Promise<StackAnswers | undefined> {
  const byDefault = said.controlPlane === undefined ? LAB_STACK : "prod";
  const stack =
    said.stack ?? (await ask?.("Name of the first stack; lab: hosts on this machine", byDefault)) ?? byDefault;
  if (stack === LAB_STACK && [said.controlPlane, said.worker, said.vip, said.subnet, said.operator].some(isSaid)) {
    throw new CliError(
      "The hosts of the stack lab are made on this machine, with addresses of their own: name another stack by --stack NAME.",
      Exit.badInput,
    );
  }
  if (stack === LAB_STACK) return undefined;
  const controlPlane =
    said.controlPlane ?? addressesIn(await ask?.("Addresses of its control-plane hosts (1, 3 or 5)"));
  const workers = said.worker ?? addressesIn(await ask?.("Addresses of its workers, none is possible"));
  const vip =
    said.vip ??
    (controlPlane.length > 1 ? await ask?.("Virtual IP of the API server, a free address beside theirs") : undefined);
  const guessed = operatorFor(own, { controlPlane, vip: given(vip), subnet: said.subnet });
  const operator = said.operator ?? (await ask?.("Address of this machine, as the hosts reach it", guessed)) ?? guessed;
  return {
    ...{ stack, controlPlane, workers, subnet: said.subnet },
    vip: given(vip),
    operator: given(operator),
  };
}

const isSaid = (option: unknown): boolean => option !== undefined;

const given = (text: string | undefined): string | undefined => (text === "" ? undefined : text);

/** Addresses that are separated by commas or blanks. */
export function addressesIn(text = ""): string[] {
  return text.split(/[\s,]+/).filter((address) => address !== "");
}
