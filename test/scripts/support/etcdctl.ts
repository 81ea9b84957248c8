/** An etcdctl of one cluster, for hosts in a directory: it answers by files, and says what it was told to change. */

import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { chmodSync } from "node:fs";
import { join } from "node:path";
import type { FakeHost } from "./fake-host.ts";

const text = `#!/bin/sh
# etcd-members holds the list; etcd-silent.HOST makes a member not answer, etcd-sick.HOST not healthy, with the sentence in
# it; etcd-fail.VERB makes a change fail once for each of its lines; etcd-leader holds the id of the leader.
endpoint=
while :; do
  case $1 in
    --endpoints) endpoint=$2; shift 2 ;;
    --*) shift 2 ;;
    *) break ;;
  esac
done
host=\${endpoint#*://}
host=\${host%:*}
say() { printf '{"level":"warn","error":"%s"}\\n' "$1" >&2; exit 1; }
cd "$PLINTH_FAKES" || exit 2
if [ -e "etcd-silent.$host" ]; then
  read -r why <"etcd-silent.$host"
  say "$why"
fi
case "$1 $2" in
  'endpoint status')
    if [ "\${3-}" = -w ]; then
      printf '"MemberID" : %s\\n"Leader" : %s\\n' "$(sed -n "s|^\\([^,]*\\), .*$endpoint,.*|\\1|p" etcd-members)" "$(cat etcd-leader)"
      exit
    fi
    printf '%s, %s, 3.6.14\\n' "$endpoint" "$(sed -n "s|^\\([^,]*\\), .*$endpoint,.*|\\1|p" etcd-members)"
    exit
    ;;
  'member list') exec cat etcd-members ;;
  'endpoint health')
    if [ -e "etcd-sick.$host" ]; then
      read -r why <"etcd-sick.$host"
      say "$why"
    fi
    exit 0
    ;;
esac
if [ -s "etcd-fail.$2" ]; then
  read -r why <"etcd-fail.$2"
  sed -i 1d "etcd-fail.$2"
  say "$why"
fi
printf '%s\\n' "$host $*" >>etcd-log
if [ "$1" = move-leader ]; then
  printf '%s\\n' "$2" >etcd-leader
fi
case $2 in
  add) printf '%s\\n' "aaaa, unstarted, , \${5#*=}, , true" >>etcd-members ;;
  remove) sed -i "/^$3, /d" etcd-members ;;
  promote) rm -f etcd-sick.* ;;
esac
`;

export class FakeEtcd {
  private readonly host: FakeHost;

  constructor(host: FakeHost) {
    this.host = host;
    host.write("/opt/plinth/bin/etcdctl", text);
    chmodSync(host.path("/opt/plinth/bin/etcdctl"), 0o755);
    this.members();
  }

  private path(name: string): string {
    return join(this.host.fakes, name);
  }

  /** The list of members, each as `member list` prints it. */
  members(...lines: string[]): this {
    writeFileSync(this.path("etcd-members"), lines.map((line) => `${line}\n`).join(""));
    return this;
  }

  leader(id: string): this {
    writeFileSync(this.path("etcd-leader"), `${id}\n`);
    return this;
  }

  /** The members at these addresses do not answer at all. */
  silent(why: string, ...addresses: string[]): this {
    for (const address of addresses) writeFileSync(this.path(`etcd-silent.${address}`), `${why}\n`);
    return this;
  }

  /** The member at this address answers, but is not healthy. */
  sick(why: string, address: string): this {
    writeFileSync(this.path(`etcd-sick.${address}`), `${why}\n`);
    return this;
  }

  well(): this {
    for (const n of [1, 2, 3, 4, 5])
      for (const state of ["sick", "silent"]) rmSync(this.path(`etcd-${state}.10.0.0.${n}`), { force: true });
    return this;
  }

  /** The next changes of this kind fail. */
  fail(verb: "add" | "remove" | "promote", ...sentences: string[]): this {
    writeFileSync(this.path(`etcd-fail.${verb}`), sentences.map((line) => `${line}\n`).join(""));
    return this;
  }

  /** What was changed since the last call, as `ADDRESS ARGUMENTS`. */
  log(): string[] {
    const path = this.path("etcd-log");
    const lines = existsSync(path) ? readFileSync(path, "utf8").trim().split("\n") : [];
    rmSync(path, { force: true });
    return lines;
  }
}
