/** The proxy as a process: its options are its argument, it says `ready`, and ends with its standard input. */
import { startProxy, type ProxyOptions } from "./proxy.ts";

const close = await startProxy(JSON.parse(process.argv[2] ?? "") as ProxyOptions);
process.on("SIGINT", () => undefined); // Ctrl-C is for the bench, which ends it.
process.stdin.on("end", () => void close()).resume();
process.stdout.write("ready\n");
