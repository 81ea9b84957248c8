import { isWanted, type Notice } from "../../plan/notices/notice.ts";
import { noticesSchema, type NoticesSettings } from "../../plan/notices/settings.ts";
import { plainly, placeOf, reasonOf } from "../../plan/texts.ts";
import { postNotice } from "../notices/post.ts";
import type { Project } from "../project/project.ts";
import { hide, type Terminal } from "../render/terminal.ts";
import { openSettings } from "../session/settings.ts";

const key = "notices";

/** The run that is told of. */
export interface ToldRun {
  project: Project;
  stack: string;
  /** Whether it changes the stack, as opposed to looking at it. */
  changing: boolean;
  /** False where nobody is to be told. */
  notices?: boolean;
  terminal: Terminal;
}

/** Nobody can ask for more. */
const everything = { on: { done: true, drift: true, refused: true, failed: true } };

/**
 * Whom a stack's configuration names, undefined where it names nobody. Read when there is something to tell: a secret among it costs a
 * start of the engine.
 *
 * @throws Error with a sentence when it is not valid or cannot be decrypted.
 */
async function readNotices({ project, stack, terminal }: ToldRun): Promise<NoticesSettings | undefined> {
  const read = openSettings(project, stack, terminal);
  if ((read.settings.config[key] ?? "") === "") return undefined;
  const { config } = await read.with([key]);
  const parsed = noticesSchema.safeParse(config[key], { error: plainly });
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Error(
      issue === undefined ? "plinth:notices is not valid" : `plinth:notices ${placeOf(issue)} ${reasonOf(issue)}`,
    );
  }
  // Also where it is no secret in the configuration.
  hide([parsed.data.url, ...Object.values(parsed.data.headers)]);
  return parsed.data;
}

/**
 * Tells of a run by the webhook of its stack, where there is one and it is to be told of that.
 *
 * @throws Error with a sentence, which does not tell the address, when it could not be sent.
 */
export async function sendNotice(run: ToldRun, notice: Notice): Promise<void> {
  if (run.notices === false || !isWanted(notice.result, run.changing, everything)) return;
  const settings = await readNotices(run);
  if (settings === undefined || !isWanted(notice.result, run.changing, settings)) return;
  const failure = await postNotice(settings, notice);
  if (failure !== undefined) throw new Error(`the webhook of plinth:notices did not take it, ${failure}`);
}
