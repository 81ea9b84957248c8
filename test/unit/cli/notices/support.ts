import type { Notice } from "../../../../plan/notices/notice.ts";

const nothing = { total: 0, first: [] };

/** A notice of an `up` that is done. */
export function noticeOf(more: Partial<Notice> = {}): Notice {
  return {
    ...{
      version: 1,
      id: "4b2f0c7e-3f0e-4a51-9d0c-5a9b1f6f2d11",
      text: "Plinth: up is done.",
      stack: "prod",
      command: "up",
    },
    ...{ result: "done", exitCode: 0, began: "2026-11-30T02:41:00.000Z", seconds: 185, hosts: 5 },
    ...{ changes: { update: 12 }, phases: [{ name: "converge", seconds: 170.2 }], problems: [], findings: nothing },
    ...more,
  };
}

/** One of a look for drift that found some. */
export function driftNotice(more: Partial<Notice> = {}): Notice {
  const difference = {
    host: "cp1",
    bundle: "etcd",
    kind: "file",
    name: "/etc/etcd/etcd.yaml",
    detail: "its content is another",
  };
  return noticeOf({
    ...{
      command: "drift",
      result: "drift",
      exitCode: 4,
      seconds: 6.2,
      changes: {},
      phases: [{ name: "look", seconds: 5.9 }],
    },
    differences: { total: 1, first: [difference] },
    unseen: nothing,
    ...more,
  });
}
