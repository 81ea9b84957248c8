import { z } from "zod";
import { BlockError, type Block } from "../block.ts";
import { unit } from "./units.ts";
import { checked, pathOf } from "./words.ts";

const filesystemTypes = ["ext4", "xfs", "btrfs", "vfat"] as const;
const label = z.string().regex(/^[A-Za-z0-9._-]{1,12}$/, "must be 1 to 12 of A-Z a-z 0-9 . _ -");

/**
 * A filesystem on a device that holds nothing: no signature, no partitions, and zeros at its beginning. It is never made over data; a device
 * that holds something else is an error of its host, which says how it is emptied by hand. Needs the package that has `mkfs.TYPE`.
 *
 * @param device by a name that stays, such as `/dev/disk/by-id/…`, or of a volume, `/dev/GROUP/NAME`.
 * @param options `label`: default none.
 *
 * Drift: there is none, or another type. Removal: it stays.
 */
export function filesystem(
  device: string,
  type: (typeof filesystemTypes)[number],
  options: { label?: string } = {},
): Block {
  if (!filesystemTypes.includes(type))
    throw new BlockError(`the filesystem of ${device} must be one of ${filesystemTypes.join(", ")}`);
  const name = options.label === undefined ? {} : { label: checked(label, options.label, `the label of ${device}`) };
  return { resources: [{ kind: "filesystem", key: deviceOf(device), type, ...name }] };
}

const deviceOf = (device: string): string => {
  if (!/^\/dev\/./.test(device)) throw new BlockError(`the device ${JSON.stringify(device)} must be a path below /dev`);
  return pathOf(device, "the device");
};

const lvmName = z
  .string()
  .regex(/^[A-Za-z0-9_][A-Za-z0-9_.+]{0,63}$/, "must be of A-Z a-z 0-9 . _ + (without -, which LVM doubles)");

/**
 * A volume group of LVM on devices that hold nothing. Devices that are added to the list are added to the group; none is taken out. Needs the
 * package `lvm2`.
 *
 * Drift: it is missing, or lacks a device. Removal: it stays.
 */
export function volumeGroup(name: string, devices: readonly [string, ...string[]]): Block {
  const key = checked(lvmName, name, "the volume group");
  return { resources: [{ kind: "volumegroup", key, devices: devices.map(deviceOf) }] };
}

/**
 * A logical volume of LVM. One that is smaller grows, with the filesystem on it; none shrinks.
 *
 * @param size such as `20GiB`, or a share of the group such as `50%`, which is measured once, when it is made.
 *
 * Drift: it is missing or smaller. Removal: it stays.
 */
export function logicalVolume(group: string, name: string, size: string): Block {
  const key = `${checked(lvmName, group, "the volume group")}/${checked(lvmName, name, "the volume")}`;
  const isShare = /^(100|[1-9]\d?)%$/.test(size);
  return { resources: [{ kind: "volume", key, size: isShare ? size : String(bytesOf(size, `the volume ${key}`)) }] };
}

const units: Readonly<Record<string, number>> = { MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };

function bytesOf(size: string, what: string): number {
  const [, count = "", unitName = ""] = /^([1-9]\d{0,5})(MiB|GiB|TiB)$/.exec(size) ?? [];
  const bytes = Number(count) * (units[unitName] ?? 0);
  if (!(bytes > 0))
    throw new BlockError(
      `the size of ${what} must be a whole number with MiB, GiB or TiB, found ${JSON.stringify(size)}`,
    );
  return bytes;
}

export interface MountOptions {
  /** Default: what the device holds. */
  type?: string;
  /** As mount(8) has them, by commas. Default: `defaults`. */
  options?: string;
  /** Units that do not run without it. Default: none. */
  requiredBy?: readonly string[];
}

/**
 * Something is mounted, now and after every boot, by a unit of systemd. A change of it mounts anew.
 *
 * What other blocks of the same role put below it may come before it is mounted: put them into a role of their own, behind it in the list.
 *
 * @param what a device, `LABEL=…`, `UUID=…`, or what the type calls it, such as `nas.example.com:/srv`.
 * @param where a directory, which is made where it is missing.
 *
 * Drift: it is not mounted, or another way. Removal: it is unmounted; what is on it stays.
 */
export function mount(
  what: string,
  where: string,
  { type, options = "defaults", requiredBy = [] }: MountOptions = {},
): Block {
  for (const text of [what, type ?? "", options, ...requiredBy])
    if (/[\s\0]/.test(text)) throw new BlockError(`the mount ${where} must have no blanks in what it says`);
  const dependent = requiredBy.map((one) => `RequiredBy=${one}`);
  const name = `${escaped(pathOf(where))}.mount`;
  return unit(
    name,
    [
      "[Unit]",
      `Description=${where}`,
      ...requiredBy.map((one) => `Before=${one}`),
      "[Mount]",
      `What=${what.replaceAll("%", "%%")}`,
      `Where=${where.replaceAll("%", "%%")}`,
      ...(type === undefined ? [] : [`Type=${type}`]),
      `Options=${options.replaceAll("%", "%%")}`,
      "[Install]",
      "WantedBy=multi-user.target",
      ...dependent,
    ].join("\n"),
  );
}

/**
 * A path as the name of a unit, as systemd-escape(1) makes it. Paths that need an escape are refused: bundles have no backslash in their words.
 */
function escaped(path: string): string {
  if (!/^(\/[A-Za-z0-9_:][A-Za-z0-9_.:]*)+$/.test(path))
    throw new BlockError(
      `the path ${path} is part of a unit's name, which leaves A-Z a-z 0-9 _ . : and no - for it: choose another, such as ${path.replaceAll(/[^A-Za-z0-9_.:/]/g, "_")}`,
    );
  return path.slice(1).replaceAll("/", "-");
}

/**
 * A file to swap to, now and after every boot. Kubelets do not start on hosts that swap unless they are told to: it is for machines beside the
 * cluster.
 *
 * Drift: no such file, another size, or it is not used. Removal: it is used no more, and goes where we have made it.
 */
export function swap(path: string, size: string): Block {
  const key = pathOf(path);
  const name = `${escaped(key)}.swap`;
  const used = unit(
    name,
    [
      "[Unit]",
      `Description=Swap ${key}`,
      "[Swap]",
      `What=${key.replaceAll("%", "%%")}`,
      "[Install]",
      "WantedBy=swap.target",
    ].join("\n"),
  );
  const bytes = bytesOf(size, `the swap file ${path}`);
  return { ...used, resources: [{ kind: "swapfile", key, bytes, restart: [name] }] };
}
