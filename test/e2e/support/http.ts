import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { instanceName } from "../../../lab/paths.ts";
import type { Project } from "./project.ts";

/** Where clients reach the Deployment `web` through the load balancer, by the lab's `plinth:servicePorts`. */
export const outsideUrl = "http://10.27.0.10:80/";

/** The answer to a GET from inside the lab's network namespace; fails for any other status than 2xx. */
export async function fetchInside(project: Project, url: string): Promise<string> {
  const args = ["netns", "exec", instanceName(project.dir), "curl", "-sS", "--fail", "--max-time", "10", url];
  return (await promisify(execFile)("ip", args)).stdout.trim();
}
