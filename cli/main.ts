import { enableCompileCache } from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";

// Hundreds of files are compiled at every start otherwise. In the user's own folder: Node's default is one that others may write.
const cacheHome = process.env["XDG_CACHE_HOME"];
const base = cacheHome === undefined || cacheHome === "" ? join(homedir(), ".cache") : cacheHome;
enableCompileCache(join(base, "plinth", "compiled"));
// Behind that, so that it holds for all the rest.
const { run } = await import("./run.ts");

/** Waits until what was written has been read: a pipe may still hold it when the process ends. */
async function drained(stream: NodeJS.WriteStream): Promise<void> {
  if (stream.writableLength > 0)
    await new Promise<void>((resolve) =>
      stream.write("", () => {
        resolve();
      }),
    );
}

for (const stream of [process.stdout, process.stderr]) {
  // A reader that went away (`plinth up | head`) must not end a run in the middle of a change.
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}

const code = await run(process.argv.slice(2));
await Promise.all([drained(process.stdout), drained(process.stderr)]);
// Not left to the event loop: the SDK keeps handles open after a run.
process.exit(code);
