// What API servers call, as a process of its own inside the lab's network namespace: node receiver-process.ts ADDRESS TOKEN
//
// An audit webhook at /audit, and an image policy at /images that refuses images with "forbidden" in their name. Both want
// the token. The first line on standard output is where it is and its certificate; every line on standard input is
// answered by the numbers of audit events and of image reviews so far. It ends with standard input.
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline/promises";
import { selfSigned } from "../../support/certificates.ts";

interface Posted {
  items?: unknown[];
  spec?: { containers: { image: string }[] };
}

const [address = "", token = ""] = process.argv.slice(2);
const { certificate, key } = selfSigned(`IP:${address}`);
const counts = { events: 0, reviews: 0 };

const server = createServer({ cert: certificate, key }, (request, response) => {
  let text = "";
  request.on("data", (chunk: Buffer) => (text += chunk.toString()));
  request.on("end", () => {
    if (request.headers.authorization !== `Bearer ${token}`) {
      response.writeHead(401).end();
      return;
    }
    const posted = JSON.parse(text) as Posted;
    response.setHeader("content-type", "application/json");
    if (request.url?.startsWith("/images") !== true) {
      counts.events += posted.items?.length ?? 0;
      response.end("{}");
      return;
    }
    counts.reviews += 1;
    const allowed = (posted.spec?.containers ?? []).every(({ image }) => !image.includes("forbidden"));
    response.end(JSON.stringify({ ...posted, status: { allowed, reason: "its name says so" } }));
  });
});
await new Promise<void>((resolve) => server.listen(0, address, resolve));
console.log(JSON.stringify({ url: `https://${address}:${(server.address() as AddressInfo).port}`, certificate }));
for await (const line of createInterface({ input: process.stdin }))
  if (line !== "") console.log(JSON.stringify(counts));
server.closeAllConnections();
server.close();
