import { createHash } from "node:crypto";

/** Where a simulated host is. */
export interface HostPlace {
  name: string;
  /** IPv4 loopback address. */
  address: string;
}

/** A bundle that was applied. */
export interface AppliedBundle {
  generation: number;
  units: string[];
  /** Binary → version. */
  versions: Record<string, string>;
}

/** What a simulated host remembers. It does no work: whatever it is told is done at once. */
export class SimulatedHost implements HostPlace {
  readonly name: string;
  readonly address: string;
  readonly machineId: string;
  readonly bootId: string;
  /** Digest of the host script, where there is one. */
  script: string | undefined;
  /** Lines of the claim, key → value. */
  claim: Record<string, string> | undefined;
  /** Name → what was applied, in the order of the first time. */
  readonly bundles = new Map<string, AppliedBundle>();
  /** Key material that bundles brought, path → content. */
  readonly secrets = new Map<string, string>();
  /** Paths of the serving certificate and key of its API server, once it has one. */
  serving: { certificate: string; key: string } | undefined;
  /** The run lock, and what its holder says of itself. */
  lock: { holder: string } | undefined;

  constructor({ name, address }: HostPlace) {
    this.name = name;
    this.address = address;
    const id = createHash("sha256").update(`${name} ${address}`).digest("hex");
    this.machineId = id.slice(0, 32);
    this.bootId = `${id.slice(32, 40)}-${id.slice(40, 44)}-4${id.slice(45, 48)}-8${id.slice(49, 52)}-${id.slice(52, 64)}`;
  }

  /** Takes everything off it, as `release` does. */
  release(): void {
    this.claim = undefined;
    this.bundles.clear();
    this.secrets.clear();
  }
}
