import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { parse, stringify } from "yaml";
import { commandLine } from "../../../../cli/app.ts";
import { githubProblems, gitlabProblems } from "./rules.ts";

const folder = path.join(import.meta.dirname, "../../../../examples/ci");
const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
const pipelines = files.filter((file) => /\.ya?ml$/.test(file));
const read = (file: string): string => readFileSync(path.join(folder, file), "utf8");

/** Every text in a document. */
function strings(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (Array.isArray(value)) return value.flatMap(strings);
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(strings) : [];
}

/** Command lines of Plinth in a script, as words. */
function calls(script: string): string[][] {
  const lines = script.replaceAll("\\\n", " ").matchAll(/\.\/plinth ([^|;&<>\n]+)/g);
  return [...lines].map(([, line = ""]) => line.trim().split(/\s+/));
}

const problemsIn = (file: string, text: string): string[] => {
  const document = parse(text) as Record<string, unknown>;
  return file.startsWith("github/") ? githubProblems(text, document) : gitlabProblems(document);
};

describe("examples/ci", () => {
  const expected: Record<string, string[]> = {
    "github/plinth-drift.yaml": ["drift"],
    "github/plinth-drill.yaml": ["drill restore"],
    "github/plinth-inventory.yaml": ["inventory"],
    "github/plinth-pulumi-actions.yaml": [],
    "github/plinth-review.yaml": ["review", "review"],
    "github/plinth-site.yaml": ["up", "up"],
    "github/plinth.yaml": ["review", "up"],
    "gitlab/drift-issue.sh": ["drift"],
    "gitlab/plinth.gitlab-ci.yml": ["inventory", "review", "review", "up", "drill restore"],
    "gitlab/review-merge-requests.sh": ["review"],
    "with-key.sh": [],
  };

  it("is there for GitHub, with and without Pulumi installed and for a site of several stacks, and for GitLab", () => {
    assert.deepEqual(files.filter((file) => /\.\w+$/.test(file)).sort(), Object.keys(expected).sort());
  });

  for (const [file, names] of Object.entries(expected)) {
    it(`${file} calls Plinth with commands and options that exist`, () => {
      const found = (file.endsWith(".sh") ? [read(file)] : strings(parse(read(file)))).flatMap(calls);
      const named = found.map((words) => {
        const rest = [...words];
        let command = commandLine();
        const path: string[] = [];
        for (;;) {
          const next = command.commands.find((candidate) => candidate.name() === rest[0]);
          if (next === undefined) return { name: path.join(" "), command, rest };
          command = next;
          path.push(rest.shift() ?? "");
        }
      });
      assert.deepEqual(
        named.map(({ name }) => name),
        names,
      );
      for (const { name, command, rest } of named) {
        while (rest.length > 0) {
          const word = rest.shift() ?? "";
          const option = command.options.find((candidate) => candidate.long === word);
          assert.ok(option, `${name} ${word}`);
          if (option.required) assert.match(rest.shift() ?? "", /^[^-]/, word);
        }
      }
    });
  }

  for (const file of pipelines) {
    it(`${file} never runs a branch's code beside a secret, and changes hosts after an approval`, () => {
      assert.deepEqual(problemsIn(file, read(file)), []);
    });
  }

  it("names one digest for each version of an action", () => {
    const named = pipelines.flatMap((file) => [...read(file).matchAll(/uses: ([\w-]+\/[\w-]+)\S*@(\w+ # \S+)/g)]);
    const digests = Map.groupBy(named, ([, action]) => action);
    for (const [action, found] of digests) assert.equal(new Set(found.map(([, , pin]) => pin)).size, 1, action);
    assert.ok(digests.size >= 6);
  });
});

/** The examples with one thing changed that must not be: what is changed, and what is said. */
type Change = [file: string, what: string, change: (document: never) => unknown, problem: RegExp];
type Workflow = Record<string, unknown> & { jobs: Record<string, Record<string, unknown> & { steps: Step[] }> };
type Step = Record<string, unknown> & { with?: Record<string, unknown> };
type Pipeline = Record<string, Record<string, unknown>>;

const change = {
  github: (file: string, what: string, edit: (workflow: Workflow) => unknown, problem: RegExp): Change => [
    `github/${file}.yaml`,
    what,
    edit,
    problem,
  ],
  gitlab: (what: string, edit: (pipeline: Pipeline) => unknown, problem: RegExp): Change => [
    "gitlab/plinth.gitlab-ci.yml",
    what,
    edit,
    problem,
  ],
};
const jobOf = (workflow: Workflow, name: string): Workflow["jobs"][string] => {
  const job = workflow.jobs[name];
  assert.ok(job, name);
  return job;
};
const stepOf = (workflow: Workflow, name: string, uses: RegExp): Step => {
  const step = jobOf(workflow, name).steps.find((candidate) =>
    uses.test(String(candidate["uses"] ?? candidate["run"])),
  );
  assert.ok(step, `${name} ${String(uses)}`);
  return step;
};
const passphrase = { PULUMI_CONFIG_PASSPHRASE: "${{ secrets.PULUMI_CONFIG_PASSPHRASE }}" };
const rulesFor = (...conditions: string[]) => conditions.map((condition) => ({ if: condition }));
const mergeRequests = '$CI_PIPELINE_SOURCE == "merge_request_event"';

const changes: Change[] = [
  change.github(
    "plinth-inventory",
    "a secret in a step",
    (w) => Object.assign(stepOf(w, "inventory", /plinth/), { env: passphrase }),
    /branch's code has a secret/,
  ),
  change.github(
    "plinth-inventory",
    "a secret in an input",
    (w) => Object.assign(stepOf(w, "inventory", /checkout/).with ?? {}, { token: "${{ secrets.TOKEN }}" }),
    /branch's code has a secret/,
  ),
  change.github(
    "plinth-inventory",
    "a secret for all jobs",
    (w) => Object.assign(w, { env: passphrase }),
    /every job of the workflow has a secret/,
  ),
  change.github(
    "plinth-inventory",
    "an environment",
    (w) => (jobOf(w, "inventory")["environment"] = "review"),
    /code has an environment/,
  ),
  change.github(
    "plinth-inventory",
    "a machine of ours",
    (w) => (jobOf(w, "inventory")["runs-on"] = ["self-hosted", "plinth-review"]),
    /on a machine of ours/,
  ),
  change.github(
    "plinth-inventory",
    "the right to write",
    (w) => (jobOf(w, "inventory")["permissions"] = { "pull-requests": "write" }),
    /branch's code may write/,
  ),
  change.github(
    "plinth-inventory",
    "pull_request_target",
    (w) => (w["on"] = "pull_request_target"),
    /gives secrets to a branch/,
  ),
  change.github(
    "plinth-inventory",
    "a cache",
    (w) => jobOf(w, "inventory").steps.push({ uses: "actions/cache@x" }),
    /shares a cache/,
  ),
  change.github(
    "plinth-review",
    "forks",
    (w) => (jobOf(w, "review")["if"] = "github.event.workflow_run.event == 'pull_request'"),
    /review: it runs for forks/,
  ),
  change.github(
    "plinth-review",
    "a checkout of the branch",
    (w) =>
      (stepOf(w, "review", /checkout/).with = {
        ref: "${{ github.event.workflow_run.head_sha }}",
        "persist-credentials": false,
      }),
    /branch's code has a secret/,
  ),
  change.github(
    "plinth-review",
    "code of the proposal",
    (w) => jobOf(w, "review").steps.push({ run: "proposal/plinth review" }),
    /works on what a branch has left/,
  ),
  change.github(
    "plinth-review",
    "a script in the proposal's folder",
    (w) => jobOf(w, "review").steps.push({ run: "npm ci", "working-directory": "proposal" }),
    /works on what a branch has left/,
  ),
  change.github(
    "plinth-review",
    "the proposal in the project's folder",
    (w) => Object.assign(stepOf(w, "review", /download/).with ?? {}, { path: "." }),
    /folder of its own/,
  ),
  change.github(
    "plinth-review",
    "an expression in a script",
    (w) => jobOf(w, "review").steps.push({ run: "echo ${{ github.event.workflow_run.head_branch }}" }),
    /expression stands in a script/,
  ),
  change.github(
    "plinth-review",
    "code that nobody has read",
    (w) => (jobOf(w, "code-review")["environment"] = "review"),
    /branch's code has a secret/,
  ),
  change.github(
    "plinth-review",
    "one machine for both kinds of code",
    (w) => (jobOf(w, "code-review")["runs-on"] = ["self-hosted", "plinth-review"]),
    /its machine is that of review, too/,
  ),
  change.github(
    "plinth-review",
    "read code that may comment",
    (w) => (jobOf(w, "code-review")["permissions"] = { "pull-requests": "write" }),
    /branch's code may write/,
  ),
  change.github(
    "plinth-review",
    "secrets without an environment",
    (w) => Reflect.deleteProperty(jobOf(w, "review"), "environment"),
    /not those of an environment/,
  ),
  change.github(
    "plinth-drift",
    "issues by other branches than main",
    (w) => Reflect.deleteProperty(jobOf(w, "drift"), "if"),
    /drift: it may write more than comments/,
  ),
  change.github(
    "plinth-review",
    "no permissions",
    (w) => Reflect.deleteProperty(w, "permissions"),
    /does not begin with permissions/,
  ),
  change.github(
    "plinth-review",
    "all permissions",
    (w) => (jobOf(w, "review")["permissions"] = "write-all"),
    /not listed one by one/,
  ),
  change.github(
    "plinth-review",
    "the right to push",
    (w) => (jobOf(w, "review")["permissions"] = { contents: "write" }),
    /write more than comments/,
  ),
  change.github(
    "plinth-review",
    "a secret for all steps",
    (w) => (jobOf(w, "review")["env"] = passphrase),
    /every step of it has a secret/,
  ),
  change.github(
    "plinth-review",
    "hosts changed for a branch",
    (w) => jobOf(w, "review").steps.push({ run: "./plinth up --yes" }),
    /without an approval[^]*other branches than main/,
  ),
  change.github("plinth", "no approval", (w) => (jobOf(w, "up")["environment"] = "review"), /without an approval/),
  change.github("plinth", "any branch", (w) => (w["on"] = { push: {} }), /other branches than main/),
  change.github(
    "plinth",
    "a token left behind",
    (w) => (stepOf(w, "up", /checkout/).with = {}),
    /leaves its token behind/,
  ),
  change.github(
    "plinth",
    "a version that may move",
    (w) => (stepOf(w, "up", /checkout/)["uses"] = "actions/checkout@v7"),
    /not pinned: - uses: actions\/checkout@v7/,
  ),
  change.github(
    "plinth-site",
    "pools without an approval",
    (w) => Reflect.deleteProperty(jobOf(w, "pools"), "environment"),
    /pools: it changes hosts without an approval/,
  ),
  change.github(
    "plinth-site",
    "pools of any branch",
    (w) => Reflect.deleteProperty(jobOf(w, "pools"), "if"),
    /pools: it changes hosts for other branches/,
  ),
  change.github(
    "plinth-pulumi-actions",
    "no approval",
    (w) => Reflect.deleteProperty(jobOf(w, "up"), "environment"),
    /without an approval/,
  ),
  change.gitlab(
    "a secret",
    (p) => (p["inventory"] = { ...p["inventory"], variables: { X: "$PULUMI_CONFIG_PASSPHRASE" } }),
    /inventory: a branch's code has a secret/,
  ),
  change.gitlab(
    "a secret for all jobs",
    (p) => Object.assign(p["variables"] ?? {}, { PULUMI_CONFIG_PASSPHRASE: "x" }),
    /every job has a secret/,
  ),
  change.gitlab(
    "an environment",
    (p) => Object.assign(p["inventory"] ?? {}, { environment: "review" }),
    /code has an environment/,
  ),
  change.gitlab("a cache", (p) => Reflect.deleteProperty(p["inventory"] ?? {}, "cache"), /shares a cache/),
  change.gitlab(
    "a machine of ours",
    (p) => Object.assign(p["inventory"] ?? {}, { tags: ["plinth-review"] }),
    /on a machine of ours/,
  ),
  change.gitlab(
    "a review for branches",
    (p) => Object.assign(p["review"] ?? {}, { rules: rulesFor(mergeRequests) }),
    /review: a branch's code has a secret/,
  ),
  change.gitlab(
    "a review of any schedule",
    (p) => Object.assign(p["review-merge-requests"] ?? {}, { rules: rulesFor('$CI_PIPELINE_SOURCE == "schedule"') }),
    /branch's code has a secret/,
  ),
  change.gitlab(
    "code that nobody has read",
    (p) => Object.assign(p["code-review"] ?? {}, { environment: "review" }),
    /before somebody has read it/,
  ),
  change.gitlab(
    "one machine for both kinds of code",
    (p) => Object.assign(p["code-review"] ?? {}, { tags: ["plinth-review"] }),
    /machine runs a branch's code, too/,
  ),
  change.gitlab(
    "no approval",
    (p) =>
      Object.assign(p["up"] ?? {}, {
        rules: rulesFor('$CI_PIPELINE_SOURCE == "push" && $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH'),
      }),
    /up: it changes hosts without an approval/,
  ),
  change.gitlab("a pipeline of another project", (p) => (p["next"] = { trigger: "a/b" }), /come from elsewhere/),
];

describe("the rules of examples/ci see", () => {
  for (const [file, what, edit, problem] of changes) {
    it(`${what} in ${file}`, () => {
      const document = parse(read(file)) as never;
      edit(document);
      assert.match(problemsIn(file, stringify(document)).join("\n"), problem);
    });
  }
});
