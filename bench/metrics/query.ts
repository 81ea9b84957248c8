import { z } from "zod";

const answer = z.object({
  data: z.object({
    result: z.array(z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) })),
  }),
});

/** The value of an expression that comes to one; 0 where it comes to none. @param server address and port of a Prometheus. */
export async function numberOf(server: string, expression: string): Promise<number> {
  const [first] = await query(server, expression);
  return Number(first?.value[1] ?? 0);
}

/** Values of a label of what an expression comes to. */
export async function labelsOf(server: string, expression: string, label: string): Promise<string[]> {
  return (await query(server, expression)).map(({ metric }) => metric[label] ?? "");
}

async function query(server: string, expression: string): Promise<z.output<typeof answer>["data"]["result"]> {
  const response = await fetch(`http://${server}/api/v1/query?query=${encodeURIComponent(expression)}`);
  if (!response.ok) throw new Error(`Prometheus answered with ${response.status} to ${expression}`);
  return answer.parse(await response.json()).data.result;
}
