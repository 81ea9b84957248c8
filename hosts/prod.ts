import type { HostWith } from "plinth/roles";
import type { roles } from "../roles/index.ts";

/** An example of a production inventory: addresses are from the documentation range, put yours here. */
export default [
  { name: "cp-a1", address: "192.0.2.11", roles: ["etcd", "control-plane", "load-balancer"], interface: "bond0" },
  { name: "cp-b1", address: "192.0.2.12", roles: ["etcd", "control-plane", "load-balancer"], interface: "bond0" },
  { name: "cp-c1", address: "192.0.2.13", roles: ["etcd", "control-plane", "load-balancer"], interface: "bond0" },
] satisfies HostWith<typeof roles>[];
