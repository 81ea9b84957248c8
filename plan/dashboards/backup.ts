import { BytesIEC, Seconds, Short } from "@grafana/grafana-foundation-sdk/units";
import { dashboard } from "./dashboard.ts";
import { figure, graph, table, timeline } from "./panels.ts";

/** Could the cluster be brought back, to when, and has somebody tried? */
export const backup = dashboard({
  name: "backup",
  title: "Backup",
  description: "Sets of backups on all targets, and restore drills. docs/backup.md describes them.",
  rows: [
    {
      title: "Now",
      panels: [
        figure({
          title: "Newest set of data",
          tells: "Its age, on the target that is worst off. What was written since would be lost with the cluster.",
          unit: Seconds,
          decimals: 1,
          width: 6,
          queries: [['time() - min(max by (target) (plinth_backup_last_set_timestamp_seconds{kind="data"}))', ""]],
        }),
        figure({
          title: "Newest set of state",
          tells: "Its age, on the target that is worst off: Pulumi's state and the keys, which `./plinth up` stores.",
          unit: Seconds,
          decimals: 1,
          width: 6,
          queries: [['time() - min(max by (target) (plinth_backup_last_set_timestamp_seconds{kind="state"}))', ""]],
        }),
        figure({
          title: "Targets that fail",
          tells: "Targets and halves whose last attempt has failed on some member.",
          width: 6,
          queries: [["sum(max by (target, kind) (plinth_backup_failed)) or vector(0)", ""]],
          limits: { red: 1 },
        }),
        figure({
          title: "Last restore drill",
          tells: "How long ago it ended. `./plinth drill restore` makes one.",
          unit: Seconds,
          decimals: 1,
          width: 6,
          queries: [["time() - max(plinth_backup_drill_timestamp_seconds)", ""]],
        }),
      ],
    },
    {
      title: "Sets",
      panels: [
        table({
          title: "Targets",
          tells: "Age of the newest set of each half on each target.",
          unit: Seconds,
          expr: "sort_desc(time() - max by (target, kind) (plinth_backup_last_set_timestamp_seconds))",
          columns: { target: "target", kind: "half", Value: "age" },
        }),
        timeline({
          title: "Attempts",
          tells: "Whether the last attempt on a target has failed, on any member.",
          queries: [["max by (target, kind) (plinth_backup_failed)", "{{target}} {{kind}}"]],
          states: { "0": ["stored", "green"], "1": ["failed", "red"] },
        }),
        graph({
          title: "Size of sets",
          tells:
            "Size of etcd's snapshot in the newest set. One that is much smaller than those before lacks something.",
          unit: BytesIEC,
          queries: [["max by (target) (plinth_backup_last_set_bytes)", "{{target}}"]],
        }),
        graph({
          title: "Keys in sets",
          tells:
            "Keys of etcd in the newest set. Far fewer than before: somebody has deleted much, or a set lacks something.",
          unit: Short,
          queries: [["max by (target) (plinth_backup_last_set_keys)", "{{target}}"]],
        }),
      ],
    },
    {
      title: "Restore drills",
      panels: [
        timeline({
          title: "Results",
          tells: "Whether the last restore drill was good.",
          queries: [["max(plinth_backup_drill_failed)", "drill"]],
          states: { "0": ["good", "green"], "1": ["failed", "red"] },
        }),
        graph({
          title: "Duration",
          tells:
            "How long the last restore drill took. A restore takes about as long, and the way to the hosts besides.",
          unit: Seconds,
          queries: [["max(plinth_backup_drill_duration_seconds)", "drill"]],
        }),
      ],
    },
  ],
});
