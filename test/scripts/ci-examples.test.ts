import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { shells } from "./support/fake-host.ts";

const examples = join(import.meta.dirname, "../../examples/ci");

/** A curl that answers from files, and writes down what was asked for: the method, the path, the body. */
const curl = `#!/bin/sh
method=GET body= out=/dev/stdout
while [ $# -gt 0 ]; do
  case $1 in
    --request) method=$2; shift ;;
    --data-urlencode)
      case $2 in
        body@* | description@*) body=$(cat "\${2#*@}") ;;
        *) printf '%s\\n' "$2" >>"$FAKE/fields" ;;
      esac
      shift
      ;;
    --output) out=$2; shift ;;
    --header) cat "\${2#@}" >"$FAKE/token"; shift ;;
    --max-time | --max-filesize) shift ;;
    http*) url=$1 ;;
  esac
  shift
done
path=\${url#http://gitlab.test/api/v4/}
printf '%s %s%s\\n' "$method" "\${path%%\\?*}" "\${body:+ $body}" >>"$FAKE/asked"
[ "$method" = GET ] || exit 0
cat "$FAKE/answers/$(printf %s "\${path%%\\?*}" | tr / _)" >"$out"
`;

/** A Plinth that keeps what it was given, and ends as it is told. */
const plinth = `#!/bin/sh
printf '%s\\n' "$*" >>"$FAKE/plinth"
env >"$FAKE/env"
while [ $# -gt 0 ]; do
  case $1 in --inventory) inventory=$2 ;; --out) out=$2 ;; --report) report=$2 ;; esac
  shift
done
if [ -n "\${report:-}" ]; then
  [ "$DRIFT" != 2 ] || exit 2
  printf '%s\\n' '<!-- plinth-report prod drift -->' "ended with $DRIFT" >"$report"
  exit "$DRIFT"
fi
case $(cat "$inventory") in
  *broken*) exit 1 ;;
  *refused*) code=3 ;;
esac
printf '%s\\n%s\\n' '<!-- plinth-review prod -->' "$(cat "$inventory")" >"$out"
exit "\${code:-0}"
`;

for (const shell of shells) {
  describe(`examples/ci (${shell})`, function () {
    this.timeout(30_000);
    let folder: string;
    const path = (name: string): string => join(folder, name);
    const asked = (): string[] => readFileSync(path("asked"), "utf8").trim().split("\n");
    const answer = (name: string, value: unknown): void => {
      writeFileSync(
        path(`answers/${name.replaceAll("/", "_")}`),
        typeof value === "string" ? value : JSON.stringify(value),
      );
    };
    const run = (more: Record<string, string> = {}, script = "review-merge-requests.sh") =>
      spawnSync(shell, [join(examples, "gitlab", script)], {
        cwd: folder,
        encoding: "utf8",
        env: {
          ...{ PATH: `${path("bin")}:${process.env["PATH"] ?? ""}`, FAKE: folder, TMPDIR: path("tmp"), STACK: "prod" },
          ...{ CI_API_V4_URL: "http://gitlab.test/api/v4", CI_PROJECT_ID: "7", CI_DEFAULT_BRANCH: "main" },
          PLINTH_NOTES_TOKEN: "glpat-secret",
          ...more,
        },
      });
    /** A merge request with a pipeline that has evaluated its inventory. */
    const request = (
      id: number,
      inventory: string,
      notes: unknown[] = [],
      head: unknown = {},
    ): Record<string, unknown> => {
      const pipeline = 100 + id;
      answer(`projects/7/merge_requests/${id}`, {
        head_pipeline: { id: pipeline, source: "merge_request_event", ...(head as object) },
      });
      answer(`projects/7/merge_requests/${id}/notes`, notes);
      answer(`projects/7/pipelines/${pipeline}/jobs`, [
        { id: 5, name: "other" },
        { id: 200 + id, name: "inventory" },
      ]);
      answer(`projects/7/jobs/${200 + id}/artifacts/inventory.json`, inventory);
      answer(`projects/7/jobs/${200 + id}/artifacts/config.yaml`, "config: {}\n");
      return { iid: id, source_project_id: 7 };
    };
    const notesWritten = (): string[] => asked().filter((line) => /^(POST|PUT) /.test(line));

    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), "plinth-ci-"));
      for (const name of ["bin", "answers", "tmp"]) mkdirSync(path(name));
      writeFileSync(path("bin/curl"), curl, { mode: 0o755 });
      writeFileSync(path("plinth"), plinth, { mode: 0o755 });
      answer("user", { id: 42 });
    });
    afterEach(() => {
      rmSync(folder, { recursive: true, force: true });
    });

    it("reviews what each merge request asks for, and changes its own note only", () => {
      const own = { id: 9, author: { id: 42 }, body: "<!-- plinth-review prod -->\nold\n<!-- of pipeline 1 -->\n" };
      const others = { id: 8, author: { id: 43 }, body: "<!-- plinth-review prod -->\nforged" };
      answer("projects/7/merge_requests", [request(1, "first"), request(2, "second", [others, own])]);
      const { status, stderr } = run();
      assert.deepEqual([status, stderr], [0, ""]);
      assert.deepEqual(notesWritten(), [
        "POST projects/7/merge_requests/1/notes <!-- plinth-review prod -->",
        "PUT projects/7/merge_requests/2/notes/9 <!-- plinth-review prod -->",
      ]);
      assert.ok(asked().includes("<!-- of pipeline 102 -->"));
      assert.equal(readFileSync(path("token"), "utf8"), "PRIVATE-TOKEN: glpat-secret\n");
      assert.doesNotMatch(readFileSync(path("env"), "utf8"), /glpat-secret/);
      assert.deepEqual(readdirSync(path("tmp")), []);
    });

    it("leaves alone forks, what has been reviewed, and what no pipeline of a merge request has evaluated", () => {
      const reviewed = [
        { id: 9, author: { id: 42 }, body: "<!-- plinth-review prod -->\nx\n\n<!-- of pipeline 102 -->" },
      ];
      answer("projects/7/merge_requests", [
        { ...request(1, "fork"), source_project_id: 8 },
        request(2, "again", reviewed),
        request(3, "branch", [], { source: "push" }),
        { ...request(4, "no number"), iid: "4; touch ran" },
      ]);
      assert.equal(run().status, 0);
      assert.deepEqual(notesWritten(), []);
    });

    it("reviews anew where a branch has put a mark into its review", () => {
      const marked = [
        {
          id: 9,
          author: { id: 42 },
          body: "<!-- plinth-review prod -->\n<!-- of pipeline 101 -->\n\n<!-- of pipeline 1 -->",
        },
      ];
      answer("projects/7/merge_requests", [request(1, "next", marked)]);
      assert.equal(run().status, 0);
      assert.equal(notesWritten().length, 1);
    });

    it("writes what a guard refuses into the note, and fails only where there is no review", () => {
      answer("projects/7/merge_requests", [request(1, "refused"), request(2, "broken"), request(3, "third")]);
      const { status, stderr } = run();
      assert.deepEqual([status, stderr], [1, "no review could be made of: !2\n"]);
      assert.deepEqual(
        notesWritten().map((line) => line.split(" ").slice(0, 2).join(" ")),
        ["POST projects/7/merge_requests/1/notes", "POST projects/7/merge_requests/3/notes"],
      );
    });

    describe("keeps one issue about drift, which", () => {
      const look = (code: number) => run({ DRIFT: String(code) }, "drift-issue.sh");
      const written = () => notesWritten().map((line) => line.split(" ").slice(0, 2).join(" "));
      const fields = (): string => (existsSync(path("fields")) ? readFileSync(path("fields"), "utf8") : "");
      const issue = (iid: unknown, author: number, description: string | null) => ({
        iid,
        author: { id: author },
        description,
      });
      const own = issue(9, 42, "<!-- plinth-report prod drift -->\nold");

      it("is opened when something differs, and not otherwise", () => {
        answer("projects/7/issues", [issue(8, 43, "<!-- plinth-report prod drift -->\nforged"), issue(7, 42, null)]);
        const { status, stderr } = look(4);
        assert.deepEqual([status, stderr], [4, ""]);
        assert.deepEqual(written(), ["POST projects/7/issues"]);
        assert.equal(fields(), "title=Drift of stack prod\nlabels=plinth-drift\n");
        assert.ok(asked().includes("ended with 4"));
        rmSync(path("asked"));
        assert.equal(look(0).status, 0);
        assert.deepEqual(written(), []);
        assert.doesNotMatch(readFileSync(path("env"), "utf8"), /glpat-secret/);
        assert.deepEqual(readdirSync(path("tmp")), []);
      });

      it("is written anew at every look, and closed when nothing differs", () => {
        answer("projects/7/issues", [own, issue("9; touch ran", 42, "<!-- plinth-report prod drift -->")]);
        assert.equal(look(1).status, 1);
        assert.deepEqual(written(), ["PUT projects/7/issues/9"]);
        assert.equal(fields(), "");
        assert.equal(look(0).status, 0);
        assert.deepEqual(written(), ["PUT projects/7/issues/9", "PUT projects/7/issues/9"]);
        assert.equal(fields(), "state_event=close\n");
      });

      it("is left alone when there was no look", () => {
        answer("projects/7/issues", [own]);
        assert.equal(look(2).status, 1);
        assert.ok(!existsSync(path("asked")));
      });
    });

    it("gives a command an agent with one key, which it does not see otherwise", function () {
      execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "preview", "-f", path("key")]);
      const key = readFileSync(path("key"), "utf8");
      const command = `ssh-add -l; env | grep -c PLINTH_SSH_KEY; cat; exit 4`;
      const { status, stdout } = spawnSync(shell, [join(examples, "with-key.sh"), "sh", "-c", command], {
        input: "input",
        encoding: "utf8",
        env: { ...process.env, PLINTH_SSH_KEY: key },
      });
      assert.match(stdout, /^256 SHA256:\S+ preview \(ED25519\)\n0\ninput$/);
      assert.equal(status, 4);
      const without = spawnSync(shell, [join(examples, "with-key.sh"), "true"], { encoding: "utf8", env: process.env });
      assert.notEqual(without.status, 0);
      assert.match(without.stderr, /PLINTH_SSH_KEY: must be the private key/);
    });
  });
}
