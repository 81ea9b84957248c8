import { hosts } from "./hosts.ts";
import type { Project } from "./project.ts";

/**
 * What a client's connection depends on: who holds the VIP, which API servers HAProxy uses, who leads etcd, and whether
 * etcd waited for a disk or a processor.
 */
const failoverEvents =
  "Entering \\w+ STATE|thread timer expired|is (UP|DOWN|stopping), reason|elected leader|lost leader|slow fdatasync|overloaded";

/**
 * After a failed test, prints what keepalived, HAProxy and etcd did to the way into the cluster while it ran: the hosts are gone
 * afterwards, and a request that failed says nothing of the reason. To be called in the suite's `describe`.
 */
export function printFailovers(project: Project): void {
  let since = 0;
  beforeEach(() => {
    since = Math.floor(Date.now() / 1000);
  });
  afterEach(async function () {
    if (this.currentTest?.state !== "failed") return;
    for (const host of hosts) {
      const journal = `journalctl -q --no-hostname -o short-precise -u keepalived -u haproxy -u etcd --since @${since}`;
      const { stdout } = await project.onHost(host, `${journal} | grep -E '${failoverEvents}' || :`);
      console.log(`      ${host}:\n${stdout}`);
    }
  });
}
