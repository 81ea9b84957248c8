import type { IncomingMessage, ServerResponse } from "node:http";
import type { Feed } from "./feed.ts";

/** One browser that shows the page, and the sections that it has. */
interface Reader {
  response: ServerResponse;
  has: Map<string, string>;
  /** It has not read yet what it was sent: what is new meanwhile, it gets as a whole when it has. */
  isBusy: boolean;
}

/** So many browsers are kept up to date. */
const most = 20;

/** Sends to each browser the sections that are not as it has them, as events of EventSource. */
export class Readers {
  readonly #feed: Pick<Feed, "sections" | "listen">;
  readonly #readers = new Set<Reader>();
  readonly #unlisten: () => void;

  constructor(feed: Pick<Feed, "sections" | "listen">) {
    this.#feed = feed;
    this.#unlisten = feed.listen(() => {
      this.#tellAll();
    });
  }

  take(request: IncomingMessage, response: ServerResponse): void {
    if (this.#readers.size >= most) {
      response.writeHead(503, { "Content-Type": "text/plain; charset=utf-8" }).end(`${most} pages are open already.\n`);
      return;
    }
    response.writeHead(200, { "Content-Type": "text/event-stream; charset=utf-8" });
    if (request.method === "HEAD") {
      response.end();
      return;
    }
    const reader: Reader = { response, has: new Map(), isBusy: false };
    this.#readers.add(reader);
    response.on("close", () => this.#readers.delete(reader));
    response.on("drain", () => {
      reader.isBusy = false;
      this.#tell(reader, this.#texts());
    });
    this.#tell(reader, this.#texts());
  }

  close(): void {
    this.#unlisten();
    for (const { response } of this.#readers) response.end();
  }

  #tellAll(): void {
    if (this.#readers.size === 0) return;
    const texts = this.#texts();
    for (const reader of this.#readers) this.#tell(reader, texts);
  }

  #texts(): Map<string, string> {
    return new Map([...this.#feed.sections()].map(([id, tree]) => [id, JSON.stringify(tree)]));
  }

  #tell(reader: Reader, texts: ReadonlyMap<string, string>): void {
    if (reader.isBusy) return;
    const { response, has } = reader;
    const changed = [...texts].filter(([id, text]) => has.get(id) !== text);
    const gone = [...has.keys()].filter((id) => !texts.has(id));
    if (changed.length + gone.length === 0) return;
    for (const [id, text] of changed) has.set(id, text);
    for (const id of gone) has.delete(id);
    const fields = [...changed, ...gone.map((id) => [id, "null"] as const)];
    const data = fields.map(([id, text]) => `${JSON.stringify(id)}:${text}`).join(",");
    // JSON has no line breaks, which would end the event.
    reader.isBusy = !response.write(`data: {${data}}\n\n`);
  }
}
