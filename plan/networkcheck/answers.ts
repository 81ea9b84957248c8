import { z } from "zod";
import { readLook, words } from "../look.ts";
import * as told from "../told.ts";
import { decodeAnswer, type DnsAnswer } from "./dnsmessage.ts";

/** What came of one question. */
export interface Answer {
  /** What curl ended with (curl(1), EXIT CODES); 0 for an answer. */
  exit: number;
  /** Status of HTTP; 0 without an answer. */
  status: number;
  /** Tries that it took. */
  tries: number;
  /** What the answer says, where it is a message of DNS. */
  dns?: DnsAnswer;
}

/** What a host says about its questions. */
export interface HostAnswers {
  answers: Map<string, Answer>;
  /** Why it could not ask from inside of the probe's network. */
  noPod: string | undefined;
}

const id = z.string().regex(/^q\d{1,6}$/);
const answerWords = z.tuple([id, told.count, told.count, told.count]);
const bodyWords = z.tuple([id, z.base64().max(4096)]);

/**
 * Reads what scripts/check/network.sh has printed.
 *
 * @throws Error with a sentence when it is cut off or makes no sense.
 */
export function parseAnswers(text: string): HostAnswers {
  const answers = new Map<string, Answer>();
  const bodies = new Map<string, string>();
  let noPod: string | undefined;
  readLook(text, {
    "no-pod": (rest) => (noPod = told.sentence.parse(rest)),
    answer: words("its network", answerWords, ([question, exit, status, tries]) =>
      answers.set(question, { exit, status, tries }),
    ),
    body: words("its network", bodyWords, ([question, body]) => bodies.set(question, body)),
  });
  for (const [question, body] of bodies) {
    const answer = answers.get(question);
    const dns = decodeAnswer(Buffer.from(body, "base64"));
    if (answer !== undefined && dns !== undefined) answers.set(question, { ...answer, dns });
  }
  return { answers, noPod };
}
