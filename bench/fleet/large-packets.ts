import { registerHooks } from "node:module";

/** What sshd takes; ssh2 takes 35,000 bytes, which is less than one command with a bundle in it. */
const largestPacket = 256 * 1024;

// Imported before ssh2: there is no other way to its limit.
registerHooks({
  load: (url, context, nextLoad) => {
    const loaded = nextLoad(url, context);
    if (!url.endsWith("/ssh2/lib/protocol/crypto.js")) return loaded;
    const text =
      typeof loaded.source === "string" ? loaded.source : Buffer.from(loaded.source as Buffer).toString("utf8");
    const source = text.replace("const MAX_PACKET_SIZE = 35000;", `const MAX_PACKET_SIZE = ${largestPacket};`);
    if (source === text)
      throw new Error("ssh2 keeps the limit of its packets elsewhere: large-packets.ts has to follow");
    return { ...loaded, source };
  },
});
