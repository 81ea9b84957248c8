#!/usr/bin/env node
// The command of the package. Node.js is the user's own here, and an old one would fail at whatever it does not know first.
const oldest = 24;
if (Number(process.versions.node.split(".")[0]) < oldest) {
  process.stderr.write(
    `plinth: Plinth needs Node.js ${oldest.toString()} or newer, and this is ${process.versions.node}: put a newer one on PATH.\n`,
  );
  process.exit(2);
}
await import("./main.ts");

export {};
