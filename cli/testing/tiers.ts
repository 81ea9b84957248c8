/** What a tier of tests must find on this machine before it runs. */
export type Need = "pulumi" | "artifacts" | "shellcheck" | "alert-tools" | "chromium";

export interface Tier {
  name: string;
  description: string;
  /** Glob below the project. */
  files: string;
  needs: readonly Need[];
  /** Milliseconds after which a test hangs, unless it says otherwise: many times what it takes, for machines that are busy. */
  timeout: number;
  /** Whether its files can run side by side: each has its own folders, ports and processes. */
  apart?: true;
  /** Run only when it is named: it takes longer than all others together may. */
  byName?: true;
}

/** The tiers in the order in which they run: the quick ones first, real hosts last. */
export const tiers: readonly Tier[] = [
  {
    name: "unit",
    description: "decisions and renderers, without Pulumi",
    files: "test/unit/**/*.test.ts",
    needs: [],
    timeout: 60_000,
    apart: true,
  },
  {
    name: "program",
    description: "the resource graph, with Pulumi's mocks",
    files: "test/program/**/*.test.ts",
    needs: [],
    timeout: 90_000,
    apart: true,
  },
  {
    name: "scripts",
    description: "the host scripts in a temporary root, under dash and bash",
    files: "test/scripts/**/*.test.ts",
    needs: ["shellcheck"],
    timeout: 180_000,
    apart: true,
  },
  {
    name: "engine",
    description: "the real Pulumi CLI with recording providers, and with an API server",
    files: "test/engine/**/*.test.ts",
    needs: ["pulumi", "artifacts"],
    timeout: 240_000,
    apart: true,
  },
  {
    name: "pages",
    description: "the page of `dashboard` in headless Chromium",
    files: "test/pages/**/*.test.ts",
    needs: ["chromium"],
    timeout: 120_000,
  },
  {
    name: "e2e",
    description: "real hosts and a real cluster in the lab",
    files: "test/e2e/**/*.test.ts",
    needs: ["pulumi", "artifacts"],
    timeout: 600_000,
  },
  {
    name: "alerts",
    description: "the rules of alerts, by promtool and amtool, which are built for it (only by name)",
    files: "test/alerts/**/*.test.ts",
    needs: ["alert-tools"],
    timeout: 600_000,
    apart: true,
    byName: true,
  },
  {
    name: "lifecycle",
    description:
      "the same, for hosts that join, leave, are lost and are replaced, drift, tenants and two runs at once (only by name)",
    files: "test/lifecycle/**/*.test.ts",
    needs: ["pulumi", "artifacts"],
    timeout: 600_000,
    byName: true,
  },
  {
    name: "disaster",
    description:
      "the same, for what is lost and brought back: data, state, hosts, certificates, targets (only by name)",
    files: "test/disaster/**/*.test.ts",
    needs: ["pulumi", "artifacts"],
    timeout: 600_000,
    byName: true,
  },
  {
    name: "monitoring",
    description: "the same, with figures of everything, alerts by real faults, load tests and the page (only by name)",
    files: "test/monitoring/**/*.test.ts",
    needs: ["pulumi", "artifacts", "chromium"],
    timeout: 900_000,
    byName: true,
  },
  {
    name: "machines",
    description: "the same, for machines without a cluster, and every role that ships (only by name)",
    files: "test/machines/**/*.test.ts",
    needs: ["pulumi", "artifacts"],
    timeout: 600_000,
    byName: true,
  },
];

export const tierNames = tiers.map(({ name }) => name);

/** The wanted tiers in running order; none named means all that need not be named. */
export function selectTiers(names: readonly string[]): Tier[] {
  return names.length === 0
    ? tiers.filter(({ byName }) => byName !== true)
    : tiers.filter(({ name }) => names.includes(name));
}
