import { proxiedJobs } from "../metrics/endpoints.ts";
import { factsFile } from "../names.ts";

/** Figures of Kubernetes' objects. */
export const objects = 'job="kube-state-metrics"';

/**
 * Figures of Nodes by kube-state-metrics, of which there are two that tell the same: each Node once, and by the label `instance`, as hosts are
 * in all other figures.
 *
 * @param also labels to keep besides.
 */
export const ofNodes = (series: string, ...also: string[]): string =>
  `label_replace(max by (${["node", ...also].join(", ")}) (${series}), "instance", "$1", "node", "(.+)")`;

/** Of a host that is up, one of these answers. */
export const answers = 'up{job=~"node|kubelet|etcd"}';

/** Hosts that have been cordoned while they were up, and are being worked on since: they may be off for half an hour. */
export const workedOn = "plinth:host_worked_on";

/** The same as a condition of an alert of a host. */
export const unlessWorkedOn = `unless on (instance) ${workedOn}`;

/** Hosts whose proxy of figures answers. What is behind one that does not is unknown, not down: that is TargetDown. @param but a job to leave out. */
export const proxied = (but: string): string =>
  `max by (instance) (up{job=~"${proxiedJobs.filter((job) => job !== but).join("|")}"}) == 1`;

/** No host has a job that answers, although the proxy of one answers that should have it. Without labels. */
export const noneAnswers = (job: string): string =>
  `(max(up{job="${job}"}) == 0 and on () count((${proxied(job)}) and on (instance) up{job="${job}"}) > 0)`;

/** Hosts that are up and of which nobody knows whether a job runs: their proxy does not answer. Without labels, and nothing where there is none. */
export const unknown = (job: string): string =>
  `count(up{job="${job}"} == 0 and on (instance) max by (instance) (${answers}) == 1 unless on (instance) ${proxied(job)})`;

/** When a host wrote down what Plinth knows of it, by its own clock. */
export const factsWritten = `max by (instance) (node_textfile_mtime_seconds{file="${factsFile}"})`;
export const hostTime = "max by (instance) (node_time_seconds)";
