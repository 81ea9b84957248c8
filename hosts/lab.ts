import type { HostWith } from "plinth/roles";
import type { roles } from "../roles/index.ts";

/** The lab: hosts on this machine, made by `./plinth lab up`. */
export default [
  { name: "cp1", address: "10.27.0.11", roles: ["etcd", "control-plane", "load-balancer"] },
  { name: "cp2", address: "10.27.0.12", roles: ["etcd", "control-plane", "load-balancer"] },
  { name: "cp3", address: "10.27.0.13", roles: ["etcd", "control-plane", "load-balancer"] },
  { name: "w1", address: "10.27.0.21", roles: ["worker"], region: "lab", zone: "a", rack: "r1" },
  { name: "w2", address: "10.27.0.22", roles: ["worker"], region: "lab", zone: "b", rack: "r2" },
] satisfies HostWith<typeof roles>[];
