/** An artifact server for tests. */

import { createHash } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export const digest = (text: string): string => createHash("sha256").update(text).digest("hex");

export interface Artifacts {
  url: string;
  /** Paths that were asked for. */
  requests: string[];
}

/** Serves `bodies`, by path, to each test of the block. */
export function served(bodies: Readonly<Record<string, string>>, before: () => Promise<unknown>): Artifacts {
  let server: Server;
  const artifacts: Artifacts = { url: "", requests: [] };

  beforeEach(async () => {
    artifacts.requests = [];
    server = createServer((request, response) => {
      artifacts.requests.push(request.url ?? "");
      const body = bodies[request.url ?? ""];
      response.statusCode = body === undefined ? 404 : 200;
      response.end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    artifacts.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await before();
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });
  return artifacts;
}
