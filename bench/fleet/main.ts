// First, before anything loads ssh2.
import "./large-packets.ts";
import { Fleet } from "./fleet.ts";
import type { Question, Reply } from "./protocol.ts";

// The process of a simulated fleet: it answers its parent and ends with it.

let fleet: Fleet | undefined;
let cpuBefore = process.cpuUsage();

async function answerTo(question: Question): Promise<unknown> {
  if (question.name === "start") {
    fleet = await Fleet.start(question.ask.startups);
    return fleet.access;
  }
  if (fleet === undefined) throw new Error("the fleet has not been started");
  if (question.name === "add") {
    const keys: Record<string, string> = {};
    for (const place of question.ask.hosts) keys[place.name] = await fleet.add(place);
    return keys;
  }
  if (question.name === "publish") {
    fleet.publish(question.ask.scripts);
    return null;
  }
  const { user, system } = process.cpuUsage(cpuBefore);
  const counters = fleet.counters();
  cpuBefore = process.cpuUsage();
  fleet.resetCounters();
  return { ...counters, cpuSeconds: (user + system) / 1e6, peakMiB: process.resourceUsage().maxRSS / 1024 };
}

process.on("message", (question: Question) => {
  const reply = (message: Reply): void => void process.send?.(message);
  answerTo(question).then(
    (answer) => {
      reply({ answer });
    },
    (error: unknown) => {
      reply({ error: error instanceof Error ? error.message : String(error) });
    },
  );
});
process.on("disconnect", () => process.exit(0));
