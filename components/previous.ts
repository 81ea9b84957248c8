import * as pulumi from "@pulumi/pulumi";
import type { PreviousHosts } from "../plan/guards.ts";

/** Reads the `hosts` output that the running stack had before this run. */
export async function readPreviousHosts(): Promise<PreviousHosts | undefined> {
  const name = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
  const details = await new pulumi.StackReference("self", { name }).getOutputDetails("hosts");
  return details.value as PreviousHosts | undefined;
}
