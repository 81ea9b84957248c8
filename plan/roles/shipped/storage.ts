import { z } from "zod";
import { filesystem, logicalVolume, mount, volumeGroup } from "../blocks/disks.ts";
import { packageInstalled } from "../blocks/packages.ts";
import type { Block } from "../block.ts";
import { defineRole } from "../define.ts";

/** Disks of hosts: volumes, filesystems and where they are mounted, for etcd, containerd and what pods keep. Nothing is made over data. */
export const storage = defineRole({
  name: "storage",
  parameters: z.object({
    /** Volume groups of LVM and their devices. */
    groups: z.record(z.string(), z.array(z.string()).min(1)).default({}),
    /** Volumes, `GROUP/NAME`, and their sizes: such as 20GiB or 50%. */
    volumes: z.record(z.string().regex(/^[^/]+\/[^/]+$/, "must be GROUP/NAME"), z.string()).default({}),
    /** What is mounted, by the directory. */
    mounts: z
      .record(
        z.string(),
        z.strictObject({
          /** The device: by a name of /dev/disk, or a volume, `/dev/GROUP/NAME`. */
          device: z.string(),
          /** Its filesystem, which is made where there is nothing. */
          type: z.enum(["ext4", "xfs", "btrfs"]).default("ext4"),
          /** As mount(8) has them. */
          options: z.string().default("defaults"),
        }),
      )
      .default({}),
  }),
  plan: ({ parameters: { groups, volumes, mounts } }): Block[] => {
    const types = new Set(Object.values(mounts).map(({ type }) => type));
    return [
      ...(Object.keys(groups).length === 0 ? [] : [packageInstalled("lvm2")]),
      ...(types.has("xfs") ? [packageInstalled("xfsprogs")] : []),
      ...(types.has("btrfs") ? [packageInstalled("btrfs-progs")] : []),
      ...Object.entries(groups).map(([name, devices]) => volumeGroup(name, devices as [string, ...string[]])),
      ...Object.entries(volumes).map(([volume, size]) => {
        const [group = "", name = ""] = volume.split("/");
        return logicalVolume(group, name, size);
      }),
      ...Object.entries(mounts).flatMap(([where, { device, type, options }]) => [
        filesystem(device, type),
        mount(device, where, { type, options }),
      ]),
    ];
  },
});
