import * as pulumi from "@pulumi/pulumi";

/** Standard input of a step of the roster that lets a host join. A secret. */
export function tokenLine(token: pulumi.Input<string>): pulumi.Output<string> {
  return pulumi.secret(pulumi.interpolate`token ${token}\n`);
}
