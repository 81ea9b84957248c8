/** Workflows of `examples/ci/github` that a project begins with: a review of every pull request, and a run of what the main branch has. */
export const exampleWorkflows = ["plinth.yaml", "plinth-inventory.yaml", "plinth-review.yaml"] as const;

/** Where a project has the script by which they lend a key. */
export const withKeyPath = "ci/with-key.sh";

/**
 * A workflow of the examples, for a project of one's own.
 *
 * @param text of the example, which is for the stack `prod` of a clone.
 * @param stack its name.
 */
export function projectWorkflow(text: string, stack: string): string {
  return text
    .replace(/^# Copy to \S+?(, together with [\w.-]+)?\. /, "# ")
    .replaceAll("docs/ci.md", "node_modules/plinth/docs/ci.md")
    .replaceAll("examples/ci/with-key.sh", withKeyPath)
    .replace(/^( +STACK: )prod$/m, `$1${stack}`)
    .replaceAll(/\bplinth(-history)?-prod\b/g, `plinth$1-${stack}`);
}

/**
 * What every pull request is checked for, with no secret: the types, and the inventory.
 *
 * @param actions lines `OWNER/NAME@DIGEST # VERSION` of the actions that it uses.
 */
export function checkWorkflow(stack: string, actions: { checkout: string; setupNode: string }): string {
  return `# Whether the project is one: its types, and what its inventory comes to. A branch's code runs here, and has no secret.
name: check

on: [push, pull_request]

permissions:
  contents: read

jobs:
  check:
    runs-on: ubuntu-latest
    steps:
      - uses: ${actions.checkout}
        with:
          persist-credentials: false

      - uses: ${actions.setupNode}
        with:
          node-version: 24
          package-manager-cache: false

      - run: npm ci --ignore-scripts
      - run: npm run check
      - run: npx plinth inventory --stack ${stack}
`;
}

/** The line of an action in workflows that use it, without `uses:`. @throws Error where none does. */
export function actionLine(workflows: readonly string[], action: string): string {
  const line = workflows
    .flatMap((text) => text.split("\n"))
    .map((text) => /^\s*- uses: (\S+@[0-9a-f]{40} # \S+)$/.exec(text)?.[1])
    .find((text) => text?.startsWith(`${action}@`) === true);
  if (line === undefined) throw new Error(`no workflow of the examples uses ${action}`);
  return line;
}
