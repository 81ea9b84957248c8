import type { Page } from "../../../plan/dashboard/page.ts";
import { certificatesSection } from "./certificates.ts";
import { backupsSection, clusterSection, nodesSection } from "./cluster.ts";
import { hostsSection } from "./hosts.ts";
import { planSection } from "./plan.ts";
import { historySection, runSection } from "./run.ts";
import { driftSection, summarySection } from "./summary.ts";
import type { Element } from "./tree.ts";

const sections: readonly ((page: Page) => Element | undefined)[] = [
  summarySection,
  runSection,
  planSection,
  hostsSection,
  clusterSection,
  nodesSection,
  certificatesSection,
  driftSection,
  backupsSection,
  historySection,
];

/** The sections of the page, by their ids, in their order. Those that there is nothing to say in are not there. */
export function sectionsOf(page: Page): Map<string, Element> {
  const drawn = sections.map((draw) => draw(page)).filter((element) => element !== undefined);
  return new Map(drawn.map((element) => [String(element[1]["id"]), element]));
}
