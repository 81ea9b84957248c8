import assert from "node:assert/strict";
import { parse } from "yaml";
import { labStack, ownTexts } from "../../../../cli/newproject/sources.ts";
import { folderFindings } from "../../../../plan/newproject/folder.ts";
import { packageName, projectManifest } from "../../../../plan/newproject/manifest.ts";
import { projectFiles } from "../../../../plan/newproject/project.ts";
import { newStack } from "../../../../plan/newproject/stack.ts";
import { githubProblems } from "../../cli/ci/rules.ts";

const own = ownTexts();
const { stack } = newStack({
  stack: "site-a",
  controlPlane: ["192.0.2.11"],
  workers: ["192.0.2.21", "192.0.2.22"],
  operator: "192.0.2.5",
});
const files = projectFiles("site-a", stack, own);
const text = (path: string): string => files[path]?.text ?? assert.fail(`there is no ${path}`);

describe("the files of a new project", () => {
  it("are a program of three lines, data, and what runs them", () => {
    assert.deepEqual(Object.keys(files).sort(), [
      ".github/workflows/check.yaml",
      ".github/workflows/plinth-inventory.yaml",
      ".github/workflows/plinth-review.yaml",
      ".github/workflows/plinth.yaml",
      ".gitignore",
      ".node-version",
      ".npmrc",
      "Pulumi.site-a.yaml",
      "Pulumi.yaml",
      "README.md",
      "ci/with-key.sh",
      "hosts/site-a.ts",
      "index.ts",
      "plinth",
      "plinth.lock.json",
      "roles/index.ts",
      "roles/motd.ts",
      "tsconfig.json",
    ]);
    assert.equal(text("index.ts").trimEnd().split("\n").length, 3);
    assert.equal(
      text("hosts/site-a.ts"),
      `import type { HostWith } from "plinth/roles";
import type { roles } from "../roles/index.ts";

/** One line is one host: a line more lets it join, a line less lets it leave. */
export default [
  { name: "cp1", address: "192.0.2.11", roles: ["etcd", "control-plane"] },
  { name: "w1", address: "192.0.2.21", roles: ["worker"] },
  { name: "w2", address: "192.0.2.22", roles: ["worker"] },
] satisfies HostWith<typeof roles>[];
`,
    );
    assert.deepEqual(parse(text("Pulumi.site-a.yaml")), { config: stack.config });
  });

  it("run what they have to be run", () => {
    const run = Object.entries(files).flatMap(([path, { executable }]) => (executable === true ? [path] : []));
    assert.deepEqual(run.sort(), ["ci/with-key.sh", "plinth"]);
  });

  it("lock what the launcher fetches before Plinth is there, and nothing that Plinth's own lock file has", () => {
    const lock = JSON.parse(text("plinth.lock.json")) as Record<string, object>;
    assert.deepEqual(
      Object.entries(lock).flatMap(([section, value]) => (Object.keys(value).length > 0 ? [section] : [])),
      ["node"],
    );
  });

  it("have the lab as the clone has it, and no workflow that would want hosts in CI", () => {
    const lab = projectFiles("lab", labStack(), own);
    assert.ok(lab["hosts/lab.ts"]?.text.includes('from "plinth/roles"'));
    assert.ok(lab["Pulumi.lab.yaml"]?.text.includes("plinth:clusterName: lab"));
    assert.deepEqual(
      Object.keys(lab).filter((path) => path.startsWith(".github/") || path.startsWith("ci/")),
      [".github/workflows/check.yaml"],
    );
  });
});

describe("the workflows of a new project", () => {
  const workflows = Object.keys(files).filter((path) => path.startsWith(".github/"));

  it("keep to the rules of the examples", () => {
    for (const path of workflows) {
      assert.deepEqual(githubProblems(text(path), parse(text(path)) as Record<string, unknown>), [], path);
    }
  });

  it("are for its stack, and name nothing that it does not have", () => {
    for (const path of workflows) {
      const run = text(path);
      assert.doesNotMatch(run, /\bSTACK: prod\b|plinth(-history)?-prod\b|examples\/|Copy to/, path);
      assert.match(run, /site-a/, path);
    }
  });
});

describe("the package.json of a new project", () => {
  const versions = { "@pulumi/pulumi": "1.0.0", "@types/node": "2.0.0", typescript: "3.0.0" };
  const needs = { name: "Our Clusters", plinth: "file:vendor/plinth-0.1.0.tgz", versions };

  it("is a module's, and names Plinth, the SDK and the compiler", () => {
    assert.deepEqual(projectManifest(needs), {
      name: "our-clusters",
      private: true,
      type: "module",
      main: "index.ts",
      engines: { node: ">=24" },
      scripts: { check: "tsc --noEmit" },
      dependencies: { "@pulumi/pulumi": "1.0.0", plinth: "file:vendor/plinth-0.1.0.tgz" },
      devDependencies: { "@types/node": "2.0.0", typescript: "3.0.0" },
    });
  });

  it("keeps what npm has left there", () => {
    const before = {
      name: "mine",
      type: "commonjs",
      main: "index.js",
      scripts: { test: "exit 1" },
      dependencies: { other: "1.2.3", plinth: "file:../plinth-0.1.0.tgz" },
      license: "ISC",
    };
    const made = projectManifest(needs, before);
    assert.deepEqual(made["dependencies"], { other: "1.2.3", "@pulumi/pulumi": "1.0.0", plinth: needs.plinth });
    assert.deepEqual(made["scripts"], { test: "exit 1", check: "tsc --noEmit" });
    assert.deepEqual(
      [made["name"], made["license"], made["type"], made["main"]],
      ["mine", "ISC", "module", "index.ts"],
    );
  });

  it("has a name that npm takes, and not Plinth's", () => {
    assert.deepEqual(["Our Clusters!", "plinth", "", "..", "Plinth", "a_b"].map(packageName), [
      "our-clusters",
      "my-cluster",
      "my-cluster",
      "my-cluster",
      "my-cluster",
      "a-b",
    ]);
  });
});

describe("the folder of a new project", () => {
  it("may have what git and npm make there, and nothing else", () => {
    assert.deepEqual(folderFindings("/x", [".git", "node_modules", "package.json", "package-lock.json"]), []);
    assert.deepEqual(
      folderFindings("/x", ["z.txt", "hosts", ".git"]).map(({ message, remedy }) => `${message}; ${remedy}`),
      [
        '/x has "hosts" already, and a new project is made in an empty folder; name another folder, or move that away',
        '/x has "z.txt" already, and a new project is made in an empty folder; name another folder, or move that away',
      ],
    );
  });
});
