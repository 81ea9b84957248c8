import { endpointsBeside } from "../endpoint.ts";
import { defragLeastBytes } from "../etcdcare/judge.ts";
import { hostScriptPath } from "../names.ts";
import { etcdUnit } from "./etcd.ts";
import type { BundlePart, Placement } from "./part.ts";
import { because, renderTimer, renderUnit, unitFile, unitPath } from "./systemd.ts";

const name = "plinth-etcd-care";
/** What looks after the member of a host once an hour. */
export const careTimer = `${name}.timer`;

/** The words behind `plinth-host etcd VERB`: which API servers serve while that of the host is stopped. */
export function apiserverWords({ host, hosts }: Pick<Placement, "host" | "hosts">): string[] {
  const others = endpointsBeside(host, hosts);
  return others.length === 0 ? [] : ["--apiservers", others.join(",")];
}

function service(placement: Placement): string {
  const words = ["care", "--above", String(placement.config.etcdDefragPercent), "--least", String(defragLeastBytes)];
  return renderUnit({
    unit: { Description: "Plinth: looks after the etcd member of this host", After: etcdUnit },
    service: {
      Type: "oneshot",
      ExecStart: [hostScriptPath, "etcd", ...words, ...apiserverWords(placement)].join(" "),
      ExecStopPost: because(
        "Also after it was killed: the API server that it has stopped comes back.",
        `-${hostScriptPath} etcd resume`,
      ),
      SuccessExitStatus: because("Another run changes the host: an hour later is early enough.", "75"),
      TimeoutStartSec: "3600",
      TimeoutStopSec: because(
        "Other runs on this host are given 60 s together, and an API server 180 s to be ready.",
        "300",
      ),
      UMask: "0077",
    },
    install: false,
  });
}

const timer = renderTimer({
  unit: { Description: "Plinth: looks after the etcd member of this host once an hour" },
  timer: { OnCalendar: "hourly", RandomizedDelaySec: because("Members do not all begin at the same time.", "900") },
});

/**
 * What a member of etcd needs now and then: a sample of what it measures, by which `status` tells its growth, and a
 * defragmentation where much of its database is free. One member after the other in the cluster, the leader last.
 */
export const defragmentation: BundlePart = {
  name: "defragmentation",
  plan: (placement) => ({
    files: [
      // Not a unit of the bundle: it is not there to be up.
      { path: unitPath(`${name}.service`), mode: "0644", owner: "root:root", content: service(placement) },
      unitFile(careTimer, timer, "0644"),
    ],
    units: [careTimer],
    checks: [{ name: "unit-active", deadline: 30, unit: careTimer, args: { unit: careTimer } }],
  }),
};
