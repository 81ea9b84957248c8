import type { Project } from "./project.ts";

/** The pods of workers as one text: who they are, and which containers of theirs run, how often started. */
export async function workerPods(project: Project): Promise<string> {
  const fields = [
    "{.spec.nodeName} {.metadata.namespace}/{.metadata.name} {.metadata.uid}",
    "{range .status.containerStatuses[*]} {.containerID} {.restartCount}{end}",
  ].join("");
  const template = `jsonpath={range .items[*]}${fields}{"\\n"}{end}`;
  const { stdout } = await project.expect(0, "kubectl", "get", "pods", "--all-namespaces", "-o", template);
  return stdout
    .split("\n")
    .filter((line) => /^w\d /.test(line))
    .sort()
    .join("\n");
}
