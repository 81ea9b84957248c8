// Who is told of alerts, as a process of its own inside the lab's network namespace: node alerts-process.ts ADDRESS [PORT]
//
// A webhook of Alertmanager at /alerts, and one of a dead man's switch at /watchdog. The first line on standard output is where it is; every
// line on standard input is answered by what has come since the start. It ends with standard input.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline/promises";

export interface ToldAlert {
  name: string;
  status: string;
  labels: Record<string, string>;
  summary: string;
  /** When the message came, ms since the epoch. */
  at: number;
}

interface Message {
  alerts: { status: string; labels: Record<string, string>; annotations: { summary?: string } }[];
}

const [address = "", port = "0"] = process.argv.slice(2);
const alerts: ToldAlert[] = [];
let watchdog = 0;

const server = createServer((request, response) => {
  let text = "";
  request.on("data", (chunk: Buffer) => (text += chunk.toString()));
  request.on("end", () => {
    if (request.url === "/watchdog") watchdog += 1;
    else
      for (const { status, labels, annotations } of (JSON.parse(text) as Message).alerts)
        alerts.push({
          name: labels["alertname"] ?? "",
          status,
          labels,
          summary: annotations.summary ?? "",
          at: Date.now(),
        });
    response.end();
  });
});
await new Promise<void>((resolve) => server.listen(Number(port), address, resolve));
console.log(JSON.stringify({ url: `http://${address}:${(server.address() as AddressInfo).port}` }));
for await (const line of createInterface({ input: process.stdin }))
  if (line !== "") console.log(JSON.stringify({ alerts, watchdog }));
server.closeAllConnections();
server.close();
