import type { ClusterConfig } from "./config.ts";
import type { Host } from "./inventory.ts";
import type { Said } from "./operatorssh.ts";
import { type Jump, jumpsTo } from "./reach.ts";

/** What is known of a host that is to be reached. */
export type ReachedHost = Pick<Host, "name" | "address"> &
  Partial<Pick<Host, "sshAddress" | "user" | "port" | "hostKey">> & {
    bastion?: readonly string[] | undefined;
  };

/** Where SSH logs in, and as whom. */
export interface Destination {
  host: string;
  port: number;
  user: string;
}

/** How a host is reached. */
export interface WayTo {
  /** As inventory and configuration say it, which is all that resources know. */
  told: Destination;
  /** As it is: what the operator's `~/.ssh/config` says counts where those say nothing. */
  real: Destination;
  /** The jump hosts on the way, the first one from here first. */
  jumps: readonly Jump[];
  /** Whether the operator's file leads to another place, or by jump hosts. */
  redirected: boolean;
}

const defaultPort = 22;
const defaultUser = "root";

/** Decides how a host is reached: the inventory goes before the configuration, that before the operator's file. */
export function wayTo(
  host: ReachedHost,
  {
    sshUser,
    sshPort,
    bastion = [],
  }: Pick<ClusterConfig, "sshUser" | "sshPort"> & Partial<Pick<ClusterConfig, "bastion">>,
  said: Said,
): WayTo {
  const [port, user] = [host.port ?? sshPort, host.user ?? sshUser];
  const told = { host: host.sshAddress ?? host.address, port: port ?? defaultPort, user: user ?? defaultUser };
  const real = {
    host: host.sshAddress ?? said.host ?? host.address,
    port: port ?? said.port ?? defaultPort,
    user: user ?? said.user ?? defaultUser,
  };
  const namesJumps = host.bastion !== undefined || bastion.length > 0;
  const heard = namesJumps ? [] : (said.jumps ?? []);
  const jumps = namesJumps ? jumpsTo(host, bastion) : heard;
  return { told, real, jumps, redirected: real.host !== told.host || heard.length > 0 };
}

/** Decides where a jump host is: what is written for it goes before the operator's file, and that before the user of all hosts. */
export function jumpDestination(
  jump: Jump,
  { sshUser = defaultUser }: Pick<ClusterConfig, "sshUser">,
  said: Said,
): Destination {
  return {
    host: said.host ?? jump.host,
    port: jump.port ?? said.port ?? defaultPort,
    user: jump.user ?? said.user ?? sshUser,
  };
}
