import { renderHostsFile } from "../hostsfile.ts";
import type { HostInput } from "../inventory.ts";
import { namespace } from "../stackconfig.ts";
import { renderYamlInOrder } from "../yaml.ts";

/** The program: everything else is data, and roles. */
export const indexText = `import { program } from "plinth";

export default program({ dir: import.meta.dirname });
`;

/** The project file of the engine. Keys without a default here have the one of the program. */
export const pulumiText = `name: ${namespace}
description: Kubernetes on hosts of our own, by Plinth
main: index.ts
runtime:
  name: nodejs
  options:
    typescript: false
# node_modules/plinth/Pulumi.yaml describes every key that Pulumi.<stack>.yaml may have, and its default.
`;

export const ignoreText = `node_modules
.plinth/
*.log
`;

/** The packages need no install scripts; those of the Pulumi SDKs would download plugins. */
export const npmText = `ignore-scripts=true
fund=false
audit=false
`;

export const compilerText = `{
  "compilerOptions": {
    "target": "esnext",
    "lib": ["esnext"],
    "types": ["node"],
    "module": "nodenext",
    "moduleResolution": "nodenext",
    "strict": true,
    "noUncheckedIndexedAccess": true,
    "exactOptionalPropertyTypes": true,
    "erasableSyntaxOnly": true,
    "verbatimModuleSyntax": true,
    "allowImportingTsExtensions": true,
    "noEmit": true,
    "skipLibCheck": true
  },
  "include": ["index.ts", "hosts", "roles"]
}
`;

/** `hosts/<stack>.ts`. */
export const inventoryText = (hosts: readonly HostInput[]): string =>
  renderHostsFile(hosts, {
    comment: "One line is one host: a line more lets it join, a line less lets it leave.",
    withRoles: true,
  });

/** `Pulumi.<stack>.yaml`. */
export function stackText(config: Readonly<Record<string, string>>): string {
  return renderYamlInOrder({ config });
}

/** `README.md` of the project. */
export function readmeText(stack: string): string {
  const option = stack === "lab" ? "" : ` --stack ${stack}`;
  return `# Our clusters

Kubernetes on hosts of our own, by Plinth.

\`\`\`sh
npm install                       # Plinth, by package.json
npx plinth preview${option}
npx plinth up${option}
\`\`\`

\`./plinth\` is the same command: it fetches Node.js where there is none, and the packages of package-lock.json. Its manual is
\`node_modules/plinth/README.md\`.

| file                    | what it holds                                                              |
| ----------------------- | -------------------------------------------------------------------------- |
| \`hosts/<stack>.ts\`      | the hosts of a stack                                                       |
| \`Pulumi.<stack>.yaml\`   | its configuration; \`node_modules/plinth/Pulumi.yaml\` describes every key   |
| \`roles/\`               | what else hosts get: roles of our own                                      |
| \`index.ts\`              | the program                                                                |
| \`plinth.lock.json\`      | digests of what only this project fetches; Plinth brings all others        |
| \`.plinth/\`              | state and keys of this machine; not in git: see the manual about backends  |

\`npm run check\` checks the types. A change of Plinth's version is a change of \`package.json\`: read its \`CHANGELOG.md\`, and preview.
`;
}
