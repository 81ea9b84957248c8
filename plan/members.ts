import { z } from "zod";
import type { AlarmKind } from "./etcdcare/defragment.ts";
import { measureReader, type Measure } from "./etcdcare/measure.ts";
import { known, sentenceOf, words, type LineReaders } from "./look.ts";
import { etcdId, etcdUrl, label, orNothing, sentence, version } from "./told.ts";

/** A member of the etcd cluster, as the member list has it. */
export interface EtcdMember {
  /** In hex, as etcdctl has it. */
  id: string;
  /** Unknown where it was added and has never started. */
  name?: string;
  peerUrls: string[];
  /** Whether it has ever started. */
  started: boolean;
  learner: boolean;
}

/** What a member tells of itself, with or without a quorum. */
export interface MemberStatus {
  /** In hex. */
  id: string;
  /** Id of the leader that it knows. */
  leader?: string;
  /** Of etcd. */
  version: string;
  /** Bytes on disk. */
  dbSize: number;
  /** Bytes of the database that hold something; undefined where this version of etcd does not tell. */
  inUse?: number;
  /** Bytes that the database may have; undefined where this version of etcd does not tell. */
  quota?: number;
  raftIndex: number;
  /** What of that it has applied. */
  raftApplied: number;
  learner: boolean;
  /** Alarms, above all. */
  errors: string[];
  /** Those of the errors that are alarms of etcd, each with the id of the member that it is about, in hex. */
  alarms: Alarm[];
  /** In hex: the cluster that its data is of. A restore makes another one. */
  clusterId?: string;
  /** How far its data goes. */
  revision?: number;
}

export interface Alarm {
  member: string;
  alarm: AlarmKind;
}

/** What a host tells about etcd. */
export interface EtcdFacts {
  /** Whether there is data of a member. */
  data: boolean;
  /** That data lacks its log: an etcd without data was started there, and it is no member's. */
  logless?: boolean;
  /** The member of this host; undefined when it does not answer. */
  self?: MemberStatus;
  /** Why it did not answer, where it was asked. */
  selfError?: string;
  /** Empty when the member of this host is a learner, has no quorum or does not answer. */
  members: EtcdMember[];
  /** Why there is no list, where it was asked for one. */
  membersError?: string;
  /** What the member of this host measures now; undefined when it does not tell, or was not asked. */
  measure?: Measure;
  /** What it has measured before: the oldest that is kept, and the last two. */
  samples?: Measure[];
  /** Why the member of this host has ended, where its log says that its data is damaged. */
  damage?: string;
}

/** Whether a host holds the data of its member. */
export function holdsMember(etcd: EtcdFacts | undefined): boolean {
  return etcd?.data === true && etcd.logless !== true;
}

const kind = z.enum(["learner", "voter"]).transform((word) => word === "learner");

/** `ID NAME|- PEER-URLS started|unstarted learner|voter` */
const memberWords = z
  .tuple([
    etcdId,
    orNothing(label),
    z
      .string()
      .transform((urls) => urls.split(","))
      .pipe(z.array(etcdUrl).max(16)),
    z.enum(["started", "unstarted"]).transform((word) => word === "started"),
    kind,
  ])
  .transform(([id, name, peerUrls, started, learner]): EtcdMember => ({
    ...{ id, ...known({ name }), peerUrls, started, learner },
  }));

/** etcd's ids have 64 bits, more than a number of JavaScript holds. */
const id = z.union([z.int().nonnegative(), z.bigint()]).transform((value) => value.toString(16));

/** The answer to `etcdctl endpoint status -w json`. Fields that are 0, false or empty are left out there. */
const statusSchema = z
  .tuple([
    z.object({
      Status: z.object({
        header: z.object({ member_id: id, cluster_id: id.optional(), revision: z.int().nonnegative().optional() }),
        version: version.or(z.literal("")).default(""),
        dbSize: z.int().nonnegative().default(0),
        leader: id.optional(),
        dbSizeInUse: z.int().nonnegative().optional(),
        dbSizeQuota: z.int().nonnegative().optional(),
        raftIndex: z.int().nonnegative().default(0),
        raftAppliedIndex: z.int().nonnegative().default(0),
        isLearner: z.boolean().default(false),
        errors: z.array(sentence).max(100).default([]),
      }),
    }),
  ])
  .transform(([{ Status }]): MemberStatus => {
    const { header, version, dbSize, leader, raftIndex, raftAppliedIndex, isLearner, errors } = Status;
    const leads = leader === undefined || leader === "0" ? {} : { leader };
    return {
      ...{ id: header.member_id, ...leads, version, dbSize },
      ...known({ inUse: Status.dbSizeInUse, quota: Status.dbSizeQuota }),
      ...{ raftIndex, raftApplied: raftAppliedIndex, learner: isLearner },
      ...{ errors, alarms: errors.flatMap(alarmsIn) },
      ...known({ clusterId: header.cluster_id, revision: header.revision }),
    };
  });

/** `memberID:1234 alarm:NOSPACE `, once for each. */
function alarmsIn(error: string): Alarm[] {
  return [...error.matchAll(/memberID:(\d{1,20}) alarm:(NOSPACE|CORRUPT)\b/g)].map(([, member = "0", alarm]) => ({
    member: BigInt(member).toString(16),
    alarm: alarm as AlarmKind,
  }));
}

/** What newer engines tell a reviver about a value: its own text. */
type Reviver = (key: string, value: unknown, context: { source?: string }) => unknown;

/** Whole numbers that a number cannot hold become big ones. */
const exact: Reviver = (_key, value, { source = "" }) =>
  typeof value === "number" && !Number.isSafeInteger(value) && /^\d+$/.test(source) ? BigInt(source) : value;

/** @throws Error with a sentence when it is no such answer. */
export function parseMemberStatus(json: string): MemberStatus {
  try {
    return statusSchema.parse(JSON.parse(json, exact as (key: string, value: unknown) => unknown));
  } catch (error) {
    throw new Error("the answer of the host's etcd member makes no sense", { cause: error });
  }
}

/** Reads the lines about etcd. `etcd` is called once there is something to tell. */
export function etcdReaders(etcd: () => EtcdFacts): LineReaders {
  return {
    "etcd-data": () => {
      etcd().data = true;
    },
    "etcd-logless": () => {
      etcd().logless = true;
    },
    "etcd-status": (json) => {
      etcd().self = parseMemberStatus(json);
    },
    "etcd-status-failed": sentenceOf((reason) => (etcd().selfError = reason)),
    "etcd-member": words("members of etcd", memberWords, (member) => {
      etcd().members.push(member);
    }),
    "etcd-measure": measureReader((measure) => (etcd().measure = measure)),
    "etcd-sample": measureReader((sample) => (etcd().samples ??= []).push(sample)),
    "etcd-damage": sentenceOf((reason) => (etcd().damage = reason)),
    "etcd-members-failed": sentenceOf((reason) => (etcd().membersError = reason)),
  };
}
