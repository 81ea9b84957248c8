/** What a load test does to a cluster. All of it is bounded. */
export interface Load {
  profile: ProfileName;
  /** For how long requests are sent. */
  seconds: number;
  /** Requests for single objects, per second, besides lists, pods and the clients that look for gaps. */
  rate: number;
  /** ConfigMaps at a time, at most. */
  objects: number;
  /** Bytes of data in each of them. */
  bytes: number;
  /** Connections that the requests share, in turn. */
  connections: number;
  /** Pods that are made per second. */
  podRate: number;
  /** Pods at a time, at most. */
  pods: number;
  /** Nodes that the pods run on, at most. */
  nodes: number;
}

type Shape = Omit<Load, "profile">;

/** What there is to choose from: name → load. */
export const profiles = {
  small: { seconds: 60, rate: 10, objects: 100, bytes: 1024, connections: 6, podRate: 1, pods: 10, nodes: 5 },
  medium: { seconds: 180, rate: 50, objects: 500, bytes: 2048, connections: 12, podRate: 2, pods: 40, nodes: 20 },
  large: { seconds: 600, rate: 200, objects: 2000, bytes: 4096, connections: 24, podRate: 5, pods: 100, nodes: 50 },
} as const satisfies Record<string, Shape>;

export type ProfileName = keyof typeof profiles;
export const profileNames = Object.keys(profiles) as ProfileName[];

/** What may be asked for besides. Seconds; requests per second. */
export const loadLimits = { seconds: { least: 10, most: 1800 }, rate: { least: 1, most: 500 } } as const;

/** The load of a profile, with what was asked for in place of its own. */
export function loadOf(profile: ProfileName, { seconds, rate }: { seconds?: number; rate?: number } = {}): Load {
  const own = profiles[profile];
  return { profile, ...own, seconds: seconds ?? own.seconds, rate: rate ?? own.rate };
}

/** Seconds for what comes before the load and after it, each with a deadline of its own. */
export const phaseSeconds = { look: 90, fill: 120, warm: 90, drain: 45, clean: 180 } as const;

/** Seconds within which a whole test ends; whatever is left of it afterwards is nobody's. */
export function longestSeconds({ seconds }: Pick<Load, "seconds">): number {
  return seconds + Object.values(phaseSeconds).reduce((sum, part) => sum + part, 0);
}

/** Whether two tests did the same, so that their figures can be compared. */
export function isSameLoad(one: Load, other: Load): boolean {
  return (Object.keys(one) as (keyof Load)[]).every((key) => one[key] === other[key]);
}

/** One sentence for people. */
export function loadSentence({ profile, seconds, rate, objects, bytes, podRate, pods, nodes }: Load): string {
  return (
    `${profile}: ${rate} requests per second for ${seconds} s, at most ${objects} ConfigMaps of ${bytes} bytes, ` +
    `${podRate} new pod${podRate === 1 ? "" : "s"} per second, at most ${pods} at a time, on at most ${nodes} Nodes`
  );
}
