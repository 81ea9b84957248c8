import { hosts, seriesOf, type Course } from "../support/world.ts";
import { between, type Scenario } from "./scenario.ts";

const names = hosts.map(({ name }) => name);
const controlPlane = names.filter((name) => name.startsWith("cp"));
const workers = names.filter((name) => name.startsWith("w"));

/** Hosts one after the other, each with so many steps; how far a host is in its turn, or undefined where it is not its turn. */
const turn =
  (order: readonly string[], length: number) =>
  (name: string, step: number): number | undefined => {
    const begin = 10 + order.indexOf(name) * length;
    return order.includes(name) && between(step, begin, begin + length) ? step - begin : undefined;
  };

const quiet = (title: string, course: Course): Scenario => ({
  title,
  steps: course.steps,
  series: seriesOf(course),
  moments: [],
});

/** What happens to services in a turn: job → when it is down, in steps of the turn. */
const downs =
  (
    when: Readonly<Record<string, readonly [number, number]>>,
    at: ReturnType<typeof turn>,
  ): NonNullable<Course["service"]> =>
  (job, name, step) => {
    const [from, to] = when[job] ?? [0, 0];
    return !between(at(name, step) ?? -1, from, to);
  };

const rolled = turn(controlPlane, 15);
const changed = turn(workers, 12);
const rebooted = turn(names, 30);

/** What is done on purpose. Nobody is told of it. */
export const changes: readonly Scenario[] = [
  quiet("a day that is well", { steps: 180 }),
  quiet("a roll of all control planes", {
    steps: 90,
    service: downs(
      {
        etcd: [1, 3],
        apiserver: [3, 5],
        "kube-controller-manager": [5, 6],
        "kube-scheduler": [5, 6],
        haproxy: [6, 7],
        keepalived: [6, 7],
        "plinth-metrics": [7, 9],
        containerd: [9, 10],
        kubelet: [9, 11],
      },
      rolled,
    ),
    changing: (name, step) => rolled(name, step) !== undefined,
    // The worst that can be: it always goes to the one that is next.
    holder: (step) => (step < 16 ? "cp1" : step < 31 ? "cp2" : step < 46 ? "cp3" : "cp1"),
    elections: (step) => [11, 26, 41].filter((at) => step >= at).length,
  }),
  quiet("an up that changes all workers", {
    steps: 80,
    cordoned: (name, step) => between(changed(name, step) ?? -1, 0, 9),
    service: downs(
      {
        containerd: [4, 6],
        flanneld: [4, 6],
        "kube-proxy": [4, 6],
        kubelet: [4, 7],
        coredns: [1, 4],
        "plinth-metrics": [7, 8],
      },
      changed,
    ),
    changing: (name, step) => changed(name, step) !== undefined,
    serving: (step) => (["w1", "w2"].some((name) => between(changed(name, step) ?? -1, 1, 4)) ? 1 : 2),
  }),
  quiet("all hosts are drained and rebooted, one after the other, 15 minutes each", {
    steps: 220,
    cordoned: (name, step) => between(rebooted(name, step) ?? -1, 0, 22),
    host: (name, step) => !between(rebooted(name, step) ?? -1, 4, 19),
    holder: (step) => controlPlane.find((name) => !between(rebooted(name, step) ?? -1, 3, 22)),
    elections: (step) => controlPlane.filter((_name, index) => step >= 14 + 30 * index).length,
    serving: (step) => (["w1", "w2"].some((name) => between(rebooted(name, step) ?? -1, 1, 8)) ? 1 : 2),
  }),
];
