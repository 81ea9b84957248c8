import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fingerprint } from "../support/hosts.ts";
import type { Project } from "../support/project.ts";
import { removeHosts } from "../support/roster.ts";

interface Row {
  rule: string;
  edit: (project: Project) => void | Promise<void>;
  undo?: (project: Project) => Promise<void>;
  /** More arguments of the preview. */
  args?: readonly string[];
  /** Whether `--override RULE` lets it pass. */
  overridable: boolean;
}

/** What can be dangerous about a cluster in service and is seen at preview; more of it is in test/program/guards.test.ts. */
const rows: readonly Row[] = [
  {
    rule: "last-control-plane",
    edit: (project) => {
      removeHosts(project, "cp1", "cp2", "cp3");
      const [before, after] = [["worker"], ["etcd", "control-plane", "load-balancer"]].map(
        (roles) => `10.27.0.22", roles: ${JSON.stringify(roles).replaceAll(",", ", ")}`,
      );
      project.edit("hosts/lab.ts", before ?? "", after ?? "");
    },
    overridable: false,
  },
  {
    rule: "lost-but-alive",
    edit: (project) => {
      removeHosts(project, "w2");
    },
    args: ["--lost", "w2"],
    overridable: true,
  },
  {
    rule: "immutable",
    edit: (project) => {
      project.configure("podCidr", "10.30.0.0/16");
    },
    overridable: true,
  },
  {
    rule: "tenant-removal",
    edit: (project) => {
      project.configure("tenants", "{ demo: {} }");
    },
    overridable: true,
  },
  {
    rule: "host-name",
    edit: (project) => project.read("cp3", "hostname elsewhere").then(() => undefined),
    undo: (project) => project.read("cp3", "hostname cp3").then(() => undefined),
    overridable: true,
  },
  {
    rule: "hosts-file",
    edit: (project) => project.read("cp3", "echo '203.0.113.9 cp3' >>/etc/hosts").then(() => undefined),
    undo: (project) => project.read("cp3", "sed -i '/^203.0.113.9 /d' /etc/hosts").then(() => undefined),
    overridable: true,
  },
];

/** Dangerous changes are refused at preview, and nothing is done to any host. */
export function guards(project: Project): void {
  describe("guards", () => {
    let untouched = "";

    before(async () => {
      untouched = await fingerprint(project);
    });

    for (const { rule, edit, undo, args = [], overridable } of rows) {
      it(`${rule} refuses at preview${overridable ? ", and can be set aside by name" : ""}`, async () => {
        const files = ["hosts/lab.ts", "Pulumi.lab.yaml"].map((file) => path.join(project.dir, file));
        const texts = files.map((file) => readFileSync(file, "utf8"));
        try {
          await edit(project);
          const refused = await project.expect(3, "preview", ...args);
          assert.match(refused.text, new RegExp(`\\[${rule}\\]`));
          if (overridable) {
            const { text } = await project.expect(0, "preview", ...args, "--override", rule);
            assert.match(text, new RegExp(`set aside.*${rule}`));
          }
        } finally {
          await undo?.(project);
          files.forEach((file, index) => {
            writeFileSync(file, texts[index] ?? "");
          });
        }
      });
    }

    it("have touched no host", async () => {
      assert.equal(await fingerprint(project), untouched);
    });
  });
}
