/** A static check: its name and the arguments for Node. */
export interface StaticCheck {
  name: string;
  args: readonly string[];
}

/** The same checks as `npm run check`, one by one, so that each is reported. */
export const staticChecks: readonly StaticCheck[] = [
  { name: "types", args: ["node_modules/typescript/bin/tsc", "--noEmit"] },
  { name: "lint", args: ["node_modules/eslint/bin/eslint.js", "."] },
  { name: "format", args: ["node_modules/prettier/bin/prettier.cjs", "--check", "."] },
  {
    name: "layers",
    args: ["node_modules/dependency-cruiser/bin/dependency-cruiser.mjs", "--config", ".dependency-cruiser.json", "."],
  },
];
