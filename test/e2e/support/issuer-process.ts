// An OpenID Connect issuer as a process of its own inside the lab's network namespace: node issuer-process.ts ADDRESS
//
// The first line on standard output is where it is and the file with its authority; then every line of claims on standard
// input is answered by a token. It ends with standard input.
import { createInterface } from "node:readline/promises";
import { startIssuer } from "../../support/issuer.ts";

const issuer = await startIssuer(process.argv[2]);
console.log(JSON.stringify({ url: issuer.url, caFile: issuer.caFile }));
for await (const line of createInterface({ input: process.stdin }))
  console.log(await issuer.token(JSON.parse(line) as Record<string, unknown>));
await issuer.stop();
