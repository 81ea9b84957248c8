/** What holds in the example pipelines, whatever else they do: sentences about what does not. */

type Map = Record<string, unknown>;

const isMap = (value: unknown): value is Map => typeof value === "object" && value !== null && !Array.isArray(value);
const mapOf = (value: unknown): Map => (isMap(value) ? value : {});
const listOf = (value: unknown): unknown[] =>
  Array.isArray(value) ? (value as unknown[]) : value === undefined ? [] : [value];
const textOf = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value ?? ""));
/** A script: one text, or a list of lines. */
const scriptOf = (value: unknown): string => listOf(value).map(textOf).join("\n");

/** Anything that stands for a secret: the store of them, or the job's own token. */
const secret = /\bsecrets\b|\bgithub\s*\.\s*token\b|GITHUB_TOKEN/;
/** What a branch or its author has named. */
const ofBranch = /head_sha|head_branch|head_ref|head\.(sha|ref)|refs\/pull|pull_request/;
/** Files and folders that hold what an unread branch has left. */
const data = /\bproposal\b/;

const ofThisRepository = "github.event.workflow_run.head_repository.full_name == github.repository";

/** The environment whose reviewers have read a branch's code before it runs. */
const afterReading = "code-review";

interface GithubJob {
  name: string;
  job: Map;
  steps: Map[];
  /** It runs code of a branch that nobody has read. */
  unread: boolean;
  /** It runs code of a branch that its environment's reviewers have read. */
  read: boolean;
  labels: string[];
}

function githubJobs(workflow: Map): GithubJob[] {
  const events = Object.keys(typeof workflow["on"] === "string" ? { [workflow["on"]]: {} } : mapOf(workflow["on"]));
  return Object.entries(mapOf(workflow["jobs"])).map(([name, value]) => {
    const job = mapOf(value);
    const steps = listOf(job["steps"]).map(mapOf);
    const checksOut = steps.some(
      (step) => /^actions\/checkout@/.test(textOf(step["uses"])) && ofBranch.test(textOf(mapOf(step["with"])["ref"])),
    );
    const branch = checksOut || events.some((event) => /^pull_request/.test(event));
    const read = branch && job["environment"] === afterReading;
    return { name, job, steps, unread: branch && !read, read, labels: listOf(job["runs-on"]).map(textOf) };
  });
}

/** Whether a step changes hosts. */
const changesHosts = (step: Map): boolean =>
  /\.\/plinth (up|destroy|reset|refresh)\b/.test(textOf(step["run"])) ||
  (/^pulumi\/actions@/.test(textOf(step["uses"])) && mapOf(step["with"])["command"] !== "preview");

/** Whether a workflow, or a job of it, is for the main branch only. */
function onMain(workflow: Map, job: Map): boolean {
  const on = mapOf(workflow["on"]);
  const pushes = Object.keys(on).join() === "push" && textOf(mapOf(on["push"])["branches"]) === '["main"]';
  return pushes || job["if"] === "github.ref == 'refs/heads/main'";
}

/** @param text of the file, for the comments that say which version a digest is. */
export function githubProblems(text: string, workflow: Map): string[] {
  const problems: string[] = [];
  const jobs = githubJobs(workflow);
  if (/pull_request_target/.test(textOf(workflow["on"])))
    problems.push("pull_request_target gives secrets to a branch");
  if (!("permissions" in workflow) || /write/.test(textOf(workflow["permissions"])))
    problems.push("the workflow does not begin with permissions to read, or none");
  if (secret.test(textOf(workflow["env"]))) problems.push("every job of the workflow has a secret");
  for (const one of jobs) problems.push(...jobProblems(workflow, one).map((problem) => `${one.name}: ${problem}`));
  if ("workflow_run" in mapOf(workflow["on"])) {
    const own = jobs.filter(({ job }) => textOf(job["if"]).includes(ofThisRepository)).map(({ name }) => name);
    for (const { name, job } of jobs)
      if (!own.includes(name) && !listOf(job["needs"]).some((needed) => own.includes(textOf(needed))))
        problems.push(`${name}: it runs for forks`);
  }
  // A machine on which a branch's code has run is for nothing else.
  for (const { name, labels } of jobs.filter(({ unread, read }) => unread || read))
    for (const other of jobs.filter((one) => !one.unread && !one.read))
      if (labels.includes("self-hosted") && labels.join() === other.labels.join())
        problems.push(`${name}: its machine is that of ${other.name}, too`);
  for (const line of text.split("\n").filter((candidate) => /^\s*(- )?uses:/.test(candidate)))
    if (!/uses: [\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line))
      problems.push(`not pinned: ${line.trim()}`);
  return problems;
}

function jobProblems(workflow: Map, { job, steps, unread, read, labels }: GithubJob): string[] {
  const problems: string[] = [];
  const whole = textOf(job);
  const writes = Object.entries(mapOf(job["permissions"])).filter(([, right]) => right === "write");
  if (unread) {
    if (secret.test(whole)) problems.push("a branch's code has a secret");
    if (job["environment"] !== undefined) problems.push("a branch's code has an environment");
    if (labels.includes("self-hosted")) problems.push("a branch's code runs on a machine of ours");
    if (/actions\/(cache|download-artifact)/.test(whole))
      problems.push("a branch's code shares a cache or an artifact");
  }
  if (read && /actions\/(cache|download-artifact)/.test(whole))
    problems.push("a branch's code shares a cache or an artifact");
  if (typeof job["permissions"] === "string") problems.push("its permissions are not listed one by one");
  if ((unread || read) && writes.length > 0) problems.push("a branch's code may write");
  // Issues are for what nobody has asked for in a pull request: nothing of one is in them.
  const may = onMain(workflow, job) ? ["pull-requests", "issues"] : ["pull-requests"];
  if (writes.some(([name]) => !may.includes(name))) problems.push("it may write more than comments");
  if (secret.test(whole) && job["environment"] === undefined)
    problems.push("its secrets are not those of an environment");
  if (secret.test(textOf(job["env"]))) problems.push("every step of it has a secret");
  if (steps.some(changesHosts)) {
    if (job["environment"] !== "production") problems.push("it changes hosts without an approval");
    if (!onMain(workflow, job)) problems.push("it changes hosts for other branches than main");
  }
  for (const step of steps) problems.push(...stepProblems(step));
  return problems;
}

function stepProblems(step: Map): string[] {
  const problems: string[] = [];
  const given = mapOf(step["with"]);
  const uses = textOf(step["uses"]);
  if (uses.startsWith("actions/checkout@") && given["persist-credentials"] !== false)
    problems.push("the checkout leaves its token behind");
  if (uses.startsWith("actions/download-artifact@") && "run-id" in given && given["path"] !== "proposal")
    problems.push("what a branch has left does not go to a folder of its own");
  // What GitHub fills in before a shell reads it is code.
  for (const code of [textOf(step["run"]), textOf(given["script"])])
    if (code.includes("${{")) problems.push("an expression stands in a script");
  problems.push(...runsData(textOf(step["run"]), /\.\/plinth inventory|mkdir proposal|cp "Pulumi/));
  if (data.test(textOf(step["working-directory"])) || data.test(textOf(given["script"])))
    problems.push("it works on what a branch has left");
  return problems;
}

/** What an unread branch has left is named by two options and nowhere else. */
function runsData(script: string, making: RegExp): string[] {
  if (making.test(script)) return [];
  const rest = script.replace(/--(inventory|config) "?proposal\/[\w.$]+"?/g, "");
  return data.test(rest) ? ["it works on what a branch has left"] : [];
}

const gitlabKeywords = ["stages", "variables", "include", "workflow", "default", "image", "services", "cache"];

/** Rules that only pipelines of the default branch, or of branches that only maintainers may push to, fit. */
const trustedRules = [
  '$CI_PIPELINE_SOURCE == "schedule" && $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH && $SCHEDULE != "drill" && $SCHEDULE != "drift"',
  '$CI_PIPELINE_SOURCE == "schedule" && $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH && $SCHEDULE == "drift"',
  '$CI_PIPELINE_SOURCE == "schedule" && $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH && $SCHEDULE == "drill"',
  '$CI_PIPELINE_SOURCE == "push" && $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH',
];
const readRule =
  '$CI_PIPELINE_SOURCE == "push" && $CI_COMMIT_REF_PROTECTED == "true" && $CI_COMMIT_BRANCH =~ /^approved\\//';

export function gitlabProblems(pipeline: Map): string[] {
  const problems: string[] = [];
  if (/PLINTH_|PULUMI_|TOKEN/.test(textOf(pipeline["variables"]))) problems.push("every job has a secret");
  if ("include" in pipeline || /"trigger"/.test(textOf(pipeline)))
    problems.push("code or pipelines come from elsewhere");
  const jobs = Object.entries(pipeline)
    .filter(([name, job]) => !gitlabKeywords.includes(name) && !name.startsWith(".") && isMap(job))
    .map(([name, job]): [string, Map] => [name, { ...mapOf(pipeline[textOf(mapOf(job)["extends"])]), ...mapOf(job) }]);
  const machines = new Map<string, string>();
  for (const [name, job] of jobs) {
    const told = (problem: string): void => void problems.push(`${name}: ${problem}`);
    const script = scriptOf([
      ...listOf(job["before_script"]),
      ...listOf(job["script"]),
      ...listOf(job["after_script"]),
    ]);
    const rules = listOf(job["rules"]).map((rule) => textOf(mapOf(rule)["if"]));
    const environment = isMap(job["environment"]) ? job["environment"]["name"] : job["environment"];
    const trusted = rules.length > 0 && rules.every((rule) => trustedRules.includes(rule));
    const read = !trusted && rules.length > 0 && rules.every((rule) => rule === readRule);
    const cached = job["cache"] !== undefined && textOf(job["cache"]) !== "[]";
    const tags = textOf(job["tags"]);
    if (!trusted && !read) {
      if (/PLINTH_|PULUMI_|TOKEN|secrets/.test(textOf(job))) told("a branch's code has a secret");
      if (environment !== undefined) told("a branch's code has an environment");
      if (job["tags"] !== undefined) told("a branch's code runs on a machine of ours");
    }
    if (!trusted && (cached || textOf(job["cache"]) !== "[]")) told("a branch's code shares a cache");
    if (read && environment !== afterReading) told("a branch's code runs before somebody has read it");
    if (trusted && environment === undefined) told("its secrets are not those of an environment");
    if (trusted || read) {
      const kind = read ? "read" : "trusted";
      if ((machines.get(tags) ?? kind) !== kind) told("its machine runs a branch's code, too");
      machines.set(tags, kind);
      if (job["tags"] === undefined) told("it runs on any machine");
    }
    if (/\.\/plinth (up|destroy|reset|refresh)\b/.test(script)) {
      if (environment !== "production" || listOf(job["rules"]).some((rule) => mapOf(rule)["when"] !== "manual"))
        told("it changes hosts without an approval");
      if (!trusted) told("it changes hosts for other branches than the default one");
    }
  }
  return problems;
}
