/** Environment variable with the passphrase of the key file. */
export const passphraseVariable = "PLINTH_SSH_PASSPHRASE";

/** Asks whoever runs this process for a secret. Undefined: there is nobody. */
export type AskSecret = (question: string) => Promise<string | undefined>;

let askSomebody: AskSecret = () => Promise.resolve(undefined);

/** Who is asked for passphrases from now on. Without, nobody is: a program of plain `pulumi` has no terminal. */
export function askPassphrasesBy(ask: AskSecret): void {
  askSomebody = ask;
}

const times = 3;
const opened = new Map<string, Promise<unknown>>();

/**
 * What a passphrase opens: that of the environment, or else one that somebody types, who is asked up to three times, and
 * once for all in a process. It goes nowhere else.
 *
 * @param file as questions and errors name it.
 * @param open gives undefined for a wrong passphrase.
 * @returns undefined when nobody is there to ask.
 * @throws Error that says which passphrase is wrong.
 */
export async function openByPassphrase<T>(
  file: string,
  open: (passphrase: string) => T | undefined,
  mayAsk: () => Promise<boolean>,
): Promise<T | undefined> {
  const given = process.env[passphraseVariable];
  if (given !== undefined && given !== "") {
    const key = open(given);
    if (key !== undefined) return key;
    throw new Error(`it is encrypted, and ${passphraseVariable} is not its passphrase`);
  }
  if (!(await mayAsk())) return undefined;
  const before = opened.get(file) as Promise<T | undefined> | undefined;
  const asked = before ?? ask(file, open);
  opened.set(file, asked);
  try {
    const key = await asked;
    if (key === undefined) opened.delete(file);
    return key;
  } catch (error) {
    opened.delete(file);
    throw error;
  }
}

async function ask<T>(file: string, open: (passphrase: string) => T | undefined): Promise<T | undefined> {
  for (let time = 1; time <= times; time++) {
    const answer = await askSomebody(`${time === 1 ? "" : "That is not it. "}Passphrase of ${file}: `);
    if (answer === undefined) return undefined;
    const key = open(answer);
    if (key !== undefined) return key;
  }
  throw new Error(`it is encrypted, and none of ${times} answers is its passphrase`);
}
