import js from "@eslint/js";
import tseslint from "typescript-eslint";

/** Text with one of these in it is a command of a shell. */
const marks = ["asRoot", "hostScriptPath"].map((name) => `TemplateLiteral:has(> Identifier[name="${name}"])`);
const quoting = "/^(shell(Quote|Word|Words)|rosterScriptPath)$/";
const names = "/^(asRoot|hostScriptPath|nothing|generation)$/";
const message = "quote it by shellQuote, shellWord or shellWords of plan/shell.ts: this text is a command of a shell";
const unquoted = marks.flatMap((text) =>
  [
    `> Identifier:not([name=${names}])`,
    "> MemberExpression",
    "> TemplateLiteral",
    `> CallExpression:not([callee.name=${quoting}])`,
  ].map((part) => ({ selector: `${text} ${part}`, message })),
);

const ofBrowsers = [
  ...["document", "window", "location", "setInterval", "CSS", "Event", "EventSource"],
  ...["HTMLElement", "HTMLInputElement", "HTMLDetailsElement"],
];

export default tseslint.config(
  { ignores: ["node_modules", ".plinth"] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: { allowDefaultProject: ["*.js"] } } },
    rules: {
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-unnecessary-condition": ["error", { allowConstantLoopConditions: true }],
    },
  },
  {
    // What becomes a command of a shell is quoted by plan/shell.ts, or is a name of ours.
    files: ["plan/**", "components/**", "cli/**"],
    rules: { "no-restricted-syntax": ["error", ...unquoted] },
  },
  { files: ["**/*.js"], ...tseslint.configs.disableTypeChecked },
  {
    // What browsers run.
    files: ["cli/dashboard/assets/*.js"],
    languageOptions: { globals: Object.fromEntries(ofBrowsers.map((name) => [name, "readonly"])) },
  },
);
