/** Whether the user looks for a mistake: `PLINTH_DEBUG` is set. Everything is shown and kept then, and takes longer. */
export function isDebugging(env: Readonly<NodeJS.ProcessEnv> = process.env): boolean {
  return (env["PLINTH_DEBUG"] ?? "") !== "";
}
