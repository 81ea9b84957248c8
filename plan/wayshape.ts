/**
 * The ways to the API that a stack remembers. Hosts change from one to the next one after the other, runs are killed in between, and
 * nothing else tells which of them somebody still goes by.
 */
export interface Ways {
  /** URL by which hosts go; where the VIP has a name, that of the VIP itself. */
  hosts: string;
  /** The virtual IP of the API, where there is one. */
  vip?: string;
  /** URLs by which hosts have gone before, the last one first. The API servers' certificates stay good for them. */
  former: readonly string[];
  /** The virtual IPs among them: load balancers take connections to them for as long as one of them holds such an address. */
  formerVips: readonly string[];
}

/** A VRRP instance of a load balancer, as its host tells it. */
export interface VrrpInstance {
  /** keepalived's name of it. */
  name: string;
  routerId: number;
  address: string;
}
