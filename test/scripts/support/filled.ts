/** A host with all that there is to take away. */

import { Bundle } from "./bundle.ts";
import type { FakeHost } from "./fake-host.ts";

/** Two bundles with all that there is to take away. */
export async function fill(host: FakeHost): Promise<void> {
  await host.apply(
    new Bundle("etcd")
      .line("user demo-etcd /var/lib/etcd")
      .directory("/var/lib/etcd", "keep")
      .directory("/var/cache/demo", "purge")
      .service("etcd.service")
      .file("/etc/demo/etcd.conf", "x", { restart: "etcd.service" }),
  );
  await host.apply(
    new Bundle("lb")
      .file("/etc/haproxy/haproxy.cfg", "ours", { reload: "haproxy.service" })
      .service("keepalived.service")
      .line("unit haproxy.service"),
  );
  host.write("/var/lib/etcd/member/db", "data");
  host.write("/var/cache/demo/x/y", "cache");
}
