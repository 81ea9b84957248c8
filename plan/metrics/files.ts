import { ownPages, renderRules } from "../alerts/index.ts";
import { inhibitRules } from "../alerts/inhibitions.ts";
import type { ClusterConfig } from "../config.ts";
import type { Host } from "../inventory.ts";
import { renderYaml } from "../yaml.ts";
import { operatorObjects } from "./operator.ts";
import { podScrapeConfigs } from "./pods.ts";
import { identityFolder, scrapeConfigs } from "./scrape.ts";

/** Where a Prometheus of one's own has what the files name. */
export interface PrometheusPlaces {
  /** Address of the folder with the pages of alerts. Default: `plinth:monitoring.pages`, or that in a clone. */
  pages?: string | undefined;
  /** Folder with the identity for figures: `ca.crt`, `reader.crt` and `reader.key`. Default: `identityFolder`. */
  identity?: string | undefined;
}

/** A file by its name. */
export interface PrometheusFile {
  path: string;
  text: string;
}

const withoutSlash = (path: string): string => path.replace(/\/+$/, "");

/**
 * What a Prometheus of one's own needs, as files. None of them holds a secret: they name the files or the Secret of the identity.
 *
 * `scrape.yaml` and `scrape-pods.yaml` are for `scrape_config_files`, `rules.yaml` for `rule_files`, `inhibitions.yaml` is a part of
 * Alertmanager's configuration, and `operator.yaml` is all of it but that as objects for the Prometheus operator.
 */
export function prometheusFiles(
  hosts: readonly Host[],
  config: ClusterConfig,
  places: PrometheusPlaces = {},
): PrometheusFile[] {
  const pages = withoutSlash(places.pages ?? config.monitoring?.pages ?? ownPages);
  const identity = withoutSlash(places.identity ?? identityFolder);
  return [
    { path: "scrape.yaml", text: renderYaml({ scrape_configs: scrapeConfigs(hosts, config, identity) }) },
    { path: "scrape-pods.yaml", text: renderYaml({ scrape_configs: podScrapeConfigs(identity) }) },
    { path: "rules.yaml", text: renderRules(pages) },
    { path: "inhibitions.yaml", text: renderYaml({ inhibit_rules: inhibitRules() }) },
    {
      path: "operator.yaml",
      text: renderYaml({ apiVersion: "v1", kind: "List", items: operatorObjects(hosts, config, pages) }),
    },
  ];
}
