import { CliError, describeError } from "../errors.ts";
import { Exit } from "../exit.ts";
import { Feed, type FeedOptions } from "./feed.ts";
import { PageServer } from "./server.ts";

/**
 * Serves the page of a stack until it is to stop.
 *
 * @param say is told the page's address.
 * @throws CliError when the port cannot be had.
 */
export async function serveDashboard(
  options: FeedOptions,
  port: number,
  say: (address: string) => void,
  stop: Promise<unknown>,
): Promise<void> {
  const feed = new Feed(options);
  const server = new PageServer(options.stack, feed);
  let address: string;
  try {
    address = await server.listen(port);
  } catch (error) {
    throw new CliError(
      `The page cannot be served on port ${port} of 127.0.0.1: ${describeError(error, false)}. Choose another one by --port.`,
      Exit.failed,
      { cause: error },
    );
  }
  feed.start();
  try {
    say(address);
    await stop;
  } finally {
    await feed.stop();
    await server.close();
  }
}
