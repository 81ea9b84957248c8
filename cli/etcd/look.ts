import { statusScript } from "../../components/host/script.ts";
import type { MemberLook } from "../../plan/etcdcare/defragment.ts";
import type { HashOf, RepairHost, RepairLook } from "../../plan/etcdcare/repair.ts";
import { parseHashes } from "../../plan/etcdcare/hashes.ts";
import type { EtcdFacts, EtcdMember } from "../../plan/members.ts";
import { askHosts, readAnswer } from "../cluster/ask.ts";
import type { StackInput } from "../project/inventory.ts";
import { parseProbe } from "../status/probe.ts";
import { memberHosts, type EtcdDo } from "./verbs.ts";

const lookSeconds = 30;

/** What each host with the role etcd tells about etcd, or why it tells nothing. */
export type EtcdReadings = ReadonlyMap<string, EtcdFacts | { error: string }>;

/** Looks at the hosts with the role etcd. */
export async function readMembers(input: Pick<StackInput, "hosts" | "config">): Promise<EtcdReadings> {
  const answers = await askHosts({ ...input, hosts: memberHosts(input) }, statusScript(), lookSeconds);
  return new Map(
    [...answers].map(([name, answer]) => [
      name,
      readAnswer(answer, (text) => parseProbe(text).etcd ?? { error: "it has no member of etcd: run up" }),
    ]),
  );
}

/** For a plan of defragmentation: of each host its member. */
export function defragmentationLooks(readings: EtcdReadings): MemberLook[] {
  return [...readings].map(([host, reading]) => {
    const self = "error" in reading ? undefined : reading.self;
    if (self === undefined) return { host, id: "", self };
    const { id, leader, learner, raftIndex, raftApplied, alarms } = self;
    return {
      ...{ host, id },
      self: { leader, learner, index: raftIndex, applied: raftApplied, alarms: alarms.map(({ alarm }) => alarm) },
    };
  });
}

/** The list of members that a member with a quorum tells. */
function listOf(readings: EtcdReadings): EtcdMember[] {
  const lists = [...readings.values()].map((reading) => ("error" in reading ? [] : reading.members));
  return lists.find((list) => list.length > 0) ?? [];
}

/** For a repair. @param addresses host → its address, by which the cluster knows its member, whatever that is called. */
export function repairLook(
  readings: EtcdReadings,
  addresses: ReadonlyMap<string, string>,
  hashes: readonly HashOf[],
): RepairLook {
  const list = listOf(readings);
  const memberOf = (host: string) =>
    list.find(({ peerUrls }) => peerUrls.some((url) => new URL(url).hostname === addresses.get(host)));
  const hosts = [...readings].map(([host, reading]): RepairHost => {
    const member = memberOf(host);
    const facts = "error" in reading ? undefined : reading;
    return {
      host,
      data: facts?.data,
      listed: member?.id,
      learner: member?.learner ?? false,
      well: facts?.self?.leader !== undefined,
      damage: facts?.damage,
    };
  });
  const ours = new Set(hosts.flatMap(({ listed }) => listed ?? []));
  const alarms = [...readings.values()].flatMap((reading) => ("error" in reading ? [] : (reading.self?.alarms ?? [])));
  return {
    known: list.length > 0,
    hosts,
    alarms: [...new Map(alarms.map((one) => [`${one.member} ${one.alarm}`, one])).values()],
    hashes,
    others: list.filter(({ id, learner }) => !learner && !ours.has(id)).map(({ id }) => id),
  };
}

/** Everything that a repair goes by. Hashes are read, which takes the members' time, only where something speaks of damage. */
export async function lookForRepair(input: Pick<StackInput, "hosts" | "config">, run: EtcdDo): Promise<RepairLook> {
  const readings = await readMembers(input);
  const addresses = new Map(memberHosts(input).map(({ name, address }) => [name, address]));
  const look = repairLook(readings, addresses, []);
  const asked = memberHosts(input).find(({ name }) => look.hosts.some(({ host, well }) => host === name && well));
  if (asked === undefined || !look.alarms.some(({ alarm }) => alarm === "CORRUPT")) return look;
  return { ...look, hashes: parseHashes(await run("hashes", asked)) };
}
