#!/bin/sh
# Backup sets of this member of etcd, and on targets. A set is a snapshot of restic's with two files: set.json, its description, and
# content.age, which only operators can open. What is in it was restored aside before.
#
# backup due             gives every target a set of data that has none of the last interval
# backup now REASON…     gives every target a set of data
# backup store DIGEST    gives every target the set on standard input: its description as one line, then its sealed content. DIGEST is the
#                        SHA-256 of all of it, in hexadecimal digits: what was cut off on its way is no set
# backup drill           keeps the record of a restore drill on standard input, for `status` and metrics: lines `at EPOCH`, `seconds NUMBER`,
#                        `result ok|failed`, `set ID|-`, and after a failure `reason TEXT`. Prints `recorded`
#
# Prints a line for each target: `stored TARGET ID`, `there TARGET ID` (it has one already) or `failed TARGET REASON`. Ends with 1 when a
# target failed, with 65 when what is to be stored or recorded makes no sense, with 75 when another backup of the cluster did not end or
# etcd did not answer, which is told of each target. While a failover drill has etcd away here, `due` leaves the targets to other members.
#
# Settings are in CONFIG: the file `settings` with lines
#   cluster NAME, host NAME, kubernetes VERSION, etcd VERSION, minutes NUMBER, endpoint URL
#   target NAME REPOSITORY, and for each any number of `option NAME KEY=VALUE`, `cacert NAME FILE`
# `recipients`, `password`, `digests` of the keys that the data goes with, and for targets that need them `targets/NAME.env` with
# lines VARIABLE=VALUE.
set -u
umask 077
export LC_ALL=C

ROOT=${PLINTH_ROOT:-}
CONFIG=$ROOT/etc/plinth/backup
RECORDS=$ROOT/var/lib/plinth/backup
BIN=$ROOT/opt/plinth/bin
PKI=$ROOT/etc/kubernetes/pki
CLAIM=$ROOT/var/lib/plinth/claim
METRICS=$ROOT/var/lib/plinth/textfile
DRILL=$ROOT/run/plinth-failover
# Seconds until a target that does not answer counts as unreachable, and until a set that is under way is given up.
REACH=${PLINTH_BACKUP_REACH:-60}
LONGEST=${PLINTH_BACKUP_LONGEST:-3600}
# Seconds for an answer that a quorum of etcd decides: the end of a leader takes some.
QUORUM=${PLINTH_BACKUP_QUORUM:-30}
# KiB that a restore takes besides the database: a log that is 64 MiB large from the start on, and as much for everything else.
BESIDES=131072
# Seconds by which the clocks of members may differ.
AHEAD=600
WORK=

say() { printf '%s\n' "$*"; }

die() {
  say "backup: $2" >&2
  exit "$1"
}

# setting KEY: the rest of its first line.
setting() {
  awk -v key="$1" '$1 == key { sub(/^[^ ]+ /, ""); print; exit }' "$CONFIG/settings"
}

# claimed KEY
claimed() {
  awk -v key="$1" '$1 == key { print $2; exit }' "$CLAIM"
}

targets() {
  awk '$1 == "target" { print $2 }' "$CONFIG/settings"
}

# one_line TEXT: its last line that says something, without control characters and at most 300 characters long. restic's reason is what
# follows its last `Fatal:`, and goes on with where the repository is.
one_line() {
  printf '%s\n' "$1" | tr -d '\000-\010\013-\037\177' | awk '
    NF { line = $0 }
    /^Fatal: / { fatal = substr($0, 8) }
    END { if (fatal != "") line = fatal; print substr(line == "" ? "it said nothing" : line, 1, 300) }'
}

# silence SECONDS TEXT: that restic has had no answer for so long, with what it last told of its attempts.
silence() {
  local last
  last=$(printf '%s\n' "$2" | sed -n 's/.* retrying after [^ ]*: //p' | tail -n 1)
  REASON="no answer within $1 s${last:+: $(one_line "$last")}"
}

# restic TARGET SECONDS ARGUMENT…: runs restic on the repository of a target.
restic() {
  local target seconds line
  target=$1 seconds=$2
  shift 2
  set -- --quiet --cache-dir "$ROOT/var/cache/plinth/restic" --password-file "$CONFIG/password" "$@"
  while read -r line; do
    case $line in
      "option $target "*) set -- -o "${line#option "$target" }" "$@" ;;
      "cacert $target "*) set -- --cacert "$ROOT${line#cacert "$target" }" "$@" ;;
      "target $target "*) set -- --repo "${line#target "$target" }" "$@" ;;
    esac
  done <"$CONFIG/settings"
  (
    if [ -r "$CONFIG/targets/$target.env" ]; then
      while IFS= read -r line; do
        case $line in
          AWS_*=*) export "${line?}" ;;
        esac
      done <"$CONFIG/targets/$target.env"
    fi
    exec timeout "$seconds" "$BIN/restic" "$@"
  ) </dev/null
}

# reach TARGET: sets REASON and returns 1 where its repository can be neither opened nor made.
reach() {
  local complaint code
  complaint=$(restic "$1" "$REACH" cat config 2>&1 >/dev/null)
  code=$?
  if [ "$code" = 10 ]; then
    complaint=$(restic "$1" "$REACH" init 2>&1 >/dev/null)
    code=$?
  fi
  case $code in
    0) return 0 ;;
    124) silence "$REACH" "$complaint" ;;
    *) REASON=$(one_line "$complaint") ;;
  esac
  return 1
}

# newest TARGET KIND: sets NEWEST to the id of the newest set of this cluster, empty where there is none; REASON where it cannot tell.
# One from the future was made by a clock that was wrong:
# it must not stand for those that are due until then.
newest() {
  local listed latest
  latest=$(date -u -d "@$(($(date +%s) + AHEAD))" +%Y%m%dT%H%M%SZ)
  if ! listed=$(restic "$1" "$REACH" snapshots --json --no-lock --tag "kind=$2,cluster=$(claimed cluster-id)" 2>"$WORK/error"); then
    REASON=$(one_line "$(cat "$WORK/error")")
    return 1
  fi
  NEWEST=$(printf '%s\n' "$listed" | grep -o '"id=[0-9]\{8\}T[0-9]\{6\}Z-[A-Za-z0-9._-]*"' | sed 's/^"id=\(.*\)"$/\1/' | sort |
    awk -v latest="$latest" 'substr($0, 1, 16) <= latest { id = $0 } END { print id }')
}

# has TARGET ID: whether the set is there.
has() {
  local listed
  listed=$(restic "$1" "$REACH" snapshots --json --no-lock --tag "id=$2" 2>/dev/null) || return 1
  case $listed in
    *"\"id=$2\""*) return 0 ;;
  esac
  return 1
}

# seconds_of ID: when it was made, seconds since the epoch.
seconds_of() {
  date -u -d "$(say "$1" | sed 's/^\(....\)\(..\)\(..\)T\(..\)\(..\)\(..\)Z.*/\1-\2-\3T\4:\5:\6Z/')" +%s
}

# value KEY FILE: of a description in one line, a number or a word.
value() {
  sed -n 's/.*"'"$1"'":"\{0,1\}\([A-Za-z0-9._:-]*\).*/\1/p' "$2"
}

# record TARGET KIND ID [SET]: what `status` is told; SET is its description where it was stored just now.
record() {
  {
    say "id $3"
    say "at $(seconds_of "$3")"
    say "seen $(date +%s)"
    if [ -n "${4-}" ]; then
      say "keys $(value totalKeys "$4")"
      say "bytes $(value bytes "$4")"
      say "state $(value sha256 "$4")"
    elif [ "$(sed -n 's/^id //p' "$RECORDS/$1.$2" 2>/dev/null)" = "$3" ]; then
      grep -E '^(keys|bytes|state) ' "$RECORDS/$1.$2"
    fi
  } >"$WORK/record"
  mv "$WORK/record" "$RECORDS/$1.$2"
  rm -f "$RECORDS/$1.$2.failed"
}

# failed TARGET KIND: REASON is told and kept.
failed() {
  say "failed $1 $REASON"
  printf 'at %s\nreason %s\n' "$(date +%s)" "$REASON" >"$WORK/record"
  mv "$WORK/record" "$RECORDS/$1.$2.failed"
  FAILED=yes
}

# metrics: the records as a file for node_exporter's textfile collector.
metrics() {
  local file name target kind
  mkdir -p "$METRICS" || return
  chmod 0755 "$METRICS"
  {
    say '# HELP plinth_backup_last_set_timestamp_seconds When the newest set on a target was made.'
    say '# TYPE plinth_backup_last_set_timestamp_seconds gauge'
    for file in "$RECORDS"/*.data "$RECORDS"/*.state; do
      [ -e "$file" ] || continue
      name=${file##*/} target=${name%.*} kind=${name##*.}
      say "plinth_backup_last_set_timestamp_seconds{target=\"$target\",kind=\"$kind\"} $(sed -n 's/^at //p' "$file")"
    done
    say '# HELP plinth_backup_failed Whether the last attempt on a target failed.'
    say '# TYPE plinth_backup_failed gauge'
    for target in $(targets); do
      for kind in data state; do
        if [ -e "$RECORDS/$target.$kind" ] || [ -e "$RECORDS/$target.$kind.failed" ]; then
          say "plinth_backup_failed{target=\"$target\",kind=\"$kind\"} $([ -e "$RECORDS/$target.$kind.failed" ] && echo 1 || echo 0)"
        fi
      done
    done
    drill_metrics
  } >"$WORK/metrics"
  chmod 0644 "$WORK/metrics"
  mv "$WORK/metrics" "$METRICS/plinth-backup.prom"
}

# drill_field KEY
drill_field() {
  sed -n "s/^$1 //p" "$RECORDS/drill"
}

# drill_metrics: the record of the last restore drill, where there is one.
drill_metrics() {
  local name set
  [ -e "$RECORDS/drill" ] || return 0
  while read -r name set; do
    say "# HELP plinth_backup_drill_$name $set"
    say "# TYPE plinth_backup_drill_$name gauge"
    case $name in
      timestamp_seconds) say "plinth_backup_drill_$name $(drill_field at)" ;;
      duration_seconds) say "plinth_backup_drill_$name $(drill_field seconds)" ;;
      failed) say "plinth_backup_drill_$name $([ "$(drill_field result)" = ok ] && echo 0 || echo 1)" ;;
      set_timestamp_seconds)
        set=$(drill_field set)
        [ "$set" = - ] || say "plinth_backup_drill_$name $(seconds_of "$set")"
        ;;
    esac
  done <<'METRICS'
timestamp_seconds When the last restore drill ended.
duration_seconds How long the last restore drill took.
failed Whether the last restore drill failed.
set_timestamp_seconds When the set of data was made that the last restore drill restored.
METRICS
}

# forget_former: records of targets that are not configured any more go.
forget_former() {
  local file name
  for file in "$RECORDS"/*.data "$RECORDS"/*.state "$RECORDS"/*.failed; do
    [ -e "$file" ] || continue
    name=${file##*/}
    if ! targets | grep -qxF -- "${name%%.*}"; then
      rm -f "$file"
    fi
  done
}

# member_call SECONDS ARGUMENT…: etcdctl on the member of this host, ended after so long.
member_call() {
  local seconds
  seconds=$1
  shift
  timeout "$seconds" "$BIN/etcdctl" --endpoints "$(setting endpoint)" --cacert "$PKI/etcd/ca.crt" --cert "$PKI/etcd/healthcheck.crt" \
    --key "$PKI/etcd/healthcheck.key" --dial-timeout 5s "$@"
}

# ask_member SECONDS ARGUMENT…: what it answers is in WORK/out, its complaint in WORK/error.
ask_member() {
  local seconds
  seconds=$1
  shift
  member_call $((seconds + 5)) --command-timeout "${seconds}s" "$@" >"$WORK/out" 2>"$WORK/error" </dev/null
}

# answered: whether etcd has a quorum. Sets REASON where not.
answered() {
  # Whatever the key holds, and be it nothing: that there is an answer is what counts.
  if ! ask_member "$QUORUM" get plinth-health; then
    REASON="etcd does not answer with a quorum within $QUORUM s: $(one_line "$(cat "$WORK/error")")"
    return 1
  fi
}

# size_text KIB: for people.
size_text() {
  awk -v kib="$1" 'BEGIN { if (kib >= 1048576) printf "%.1f GiB", kib / 1048576; else printf "%.0f MiB", kib / 1024 }'
}

# room: whether there is space for a set. Beside etcd's own data a full disk would stop the member. The snapshot is there until it is
# sealed, and with it first the restore aside and then what is sealed, which is no larger.
room() {
  local bytes needed free
  if ! ask_member "$QUORUM" endpoint status --write-out fields; then
    REASON="etcd does not tell the size of its database: $(one_line "$(cat "$WORK/error")")"
    return 1
  fi
  bytes=$(sed -n 's/^"DBSize" : \([0-9]*\)$/\1/p' "$WORK/out")
  free=$(df -Pk "$WORK" | awk 'NR == 2 { print $4 }')
  case $bytes:$free in
    :* | *: | *[!0-9:]*)
      REASON="cannot tell the size of etcd's database or the free space below $RECORDS"
      return 1
      ;;
  esac
  needed=$((bytes * 2 / 1024 + BESIDES))
  [ "$free" -lt "$needed" ] || return 0
  REASON="a set needs $(size_text "$needed") free below ${RECORDS#"$ROOT"}, and there are $(size_text "$free"): make room there, or run \
./plinth etcd defrag where much of etcd's database is free"
  return 1
}

digest_of() { sha256sum "$1" | sed 's/ .*//'; }

# make REASON: a set of data in WORK/set. A snapshot that cannot be restored is none.
make() {
  local at id status reason
  REASON="cannot write below $RECORDS: is the disk full?"
  mkdir "$WORK/set" || return 1
  room || return 1
  reason=$(one_line "$1" | tr -cd 'A-Za-z0-9 ._:/-')
  if ! ask_member "$LONGEST" snapshot save "$WORK/snapshot.db"; then
    REASON="no snapshot: $(one_line "$(cat "$WORK/error")")"
    return 1
  fi
  at=$(date -u +%Y-%m-%dT%H:%M:%SZ)
  if ! status=$("$BIN/etcdutl" snapshot status "$WORK/snapshot.db" --write-out json 2>"$WORK/error"); then
    REASON="the snapshot is damaged: $(one_line "$(cat "$WORK/error")")"
    return 1
  fi
  say "$status" >"$WORK/status"
  # It compares the snapshot with the digest at its end.
  if ! "$BIN/etcdutl" snapshot restore "$WORK/snapshot.db" --data-dir "$WORK/aside" --name aside --initial-cluster aside=http://127.0.0.1:1 \
    --initial-advertise-peer-urls http://127.0.0.1:1 >"$WORK/out" 2>"$WORK/error"; then
    REASON="the snapshot cannot be restored: $(one_line "$(cat "$WORK/error")")"
    return 1
  fi
  rm -rf "$WORK/aside"
  id=$(say "$at" | tr -d ':-')-$(setting host)
  {
    printf '{"format":1,"kind":"data","id":"%s","time":"%s",' "$id" "$at"
    printf '"cluster":"%s","clusterId":"%s","reason":"%s",' "$(setting cluster)" "$(claimed cluster-id)" "$reason"
    printf '"kubernetes":"%s","etcd":"%s",' "$(setting kubernetes)" "$(setting etcd)"
    printf '"keys":{"serviceAccounts":"%s",' "$(sed -n 's/^serviceAccounts //p' "$CONFIG/digests")"
    printf '"encryption":"%s"},' "$(sed -n 's/^encryption //p' "$CONFIG/digests")"
    printf '"host":"%s","revision":%s,' "$(setting host)" "$(value revision "$WORK/status")"
    printf '"totalKeys":%s,"bytes":%s,' "$(value totalKey "$WORK/status")" "$(wc -c <"$WORK/snapshot.db" | tr -d ' ')"
    printf '"sha256":"%s"}\n' "$(digest_of "$WORK/snapshot.db")"
  } >"$WORK/set/set.json"
  # A full disk, a claim or digests that are not there yet.
  if grep -q -e '":[,}]' -e '":""' "$WORK/set/set.json" || ! grep -q '}$' "$WORK/set/set.json"; then
    REASON="its description is not complete: is the disk full, or was up interrupted?"
    return 1
  fi
  seal || return 1
  rm -f "$WORK/snapshot.db"
}

# seal: the description and the snapshot, packed, so that only the recipients can open them.
seal() {
  { cat "$WORK/set/set.json" "$WORK/snapshot.db" && : >"$WORK/read"; } 2>"$WORK/error" |
    { gzip -1 2>>"$WORK/error" && : >"$WORK/gzipped"; } |
    "$BIN/age" --recipients-file "$CONFIG/recipients" --output "$WORK/set/content.age" 2>>"$WORK/error" &&
    # age does not know of a stream that was cut off.
    [ -e "$WORK/read" ] && [ -e "$WORK/gzipped" ] && return 0
  REASON="it cannot be sealed: $(one_line "$(cat "$WORK/error" 2>/dev/null)")"
  return 1
}

# put TARGET: the set in WORK/set. Its tags are what `list` reads without opening anything.
put() {
  local kind id complaint code
  kind=$(value kind "$WORK/set/set.json") id=$(value id "$WORK/set/set.json")
  complaint=$(cd "$WORK/set" && restic "$1" "$LONGEST" backup --retry-lock 10m --host "$(setting cluster)" \
    --tag "kind=$kind,id=$id,cluster=$(value clusterId set.json),set=$(base64 <set.json | tr -d '\n')" set.json content.age 2>&1 >/dev/null)
  code=$?
  if [ "$code" != 0 ]; then
    if [ "$code" = 124 ]; then
      complaint="it was not written within $LONGEST s"
    fi
    REASON=$(one_line "$complaint")
    return 1
  fi
  say "stored $1 $id"
  record "$1" "$kind" "$id" "$WORK/set/set.json"
}

# put_all TARGET…: where one fails, the others get it all the same.
put_all() {
  local target kind
  kind=$(value kind "$WORK/set/set.json")
  for target in "$@"; do
    if ! put "$target"; then
      failed "$target" "$kind"
    fi
  done
}

# ready KIND TARGET…: sets READY to those that can be reached; the others have failed.
ready() {
  local kind target
  kind=$1 READY=
  shift
  for target in "$@"; do
    if reach "$target"; then
      READY="$READY $target"
    else
      failed "$target" "$kind"
    fi
  done
}

# give REASON TARGET…: a set of data for these.
give() {
  local reason target
  reason=$1
  shift
  ready data "$@"
  [ -n "$READY" ] || return 0
  if make "$reason"; then
    # shellcheck disable=SC2086 # a list of words
    put_all $READY
    return
  fi
  for target in $READY; do
    failed "$target" data
  done
}

# due: whoever of the members comes first makes the set; the others find it.
due() {
  local target id age made wanting seconds
  wanting='' seconds=$(($(setting minutes) * 60))
  # shellcheck disable=SC2046 # a list of words
  ready data $(targets)
  for target in $READY; do
    if ! newest "$target" data; then
      failed "$target" data
      continue
    fi
    id=$NEWEST age=$seconds
    if [ -n "$id" ] && made=$(seconds_of "$id" 2>/dev/null); then
      age=$(($(date +%s) - made))
    fi
    # Half a minute: timers are not that exact.
    if [ "$age" -ge $((seconds - 30)) ]; then
      wanting="$wanting $target"
    else
      record "$target" data "$id"
      say "there $target $id"
    fi
  done
  if [ -n "$wanting" ]; then
    # shellcheck disable=SC2086 # a list of words
    give timer $wanting
  fi
}

# store DIGEST: the set on standard input.
store() {
  local target id
  if ! mkdir "$WORK/set" || ! cat >"$WORK/input"; then
    die 1 "cannot write below $RECORDS: is the disk full?"
  fi
  [ "$(digest_of "$WORK/input")" = "$1" ] || die 65 "what was sent did not arrive whole"
  sed -n 1p "$WORK/input" >"$WORK/set/set.json"
  id=$(value id "$WORK/set/set.json")
  case $(value kind "$WORK/set/set.json")-$id-$(value clusterId "$WORK/set/set.json") in
    state-[0-9]*T[0-9]*Z-*-"$(claimed cluster-id)") ;;
    *) die 65 "what was sent is not a set of this cluster's state" ;;
  esac
  tail -c +$(($(wc -c <"$WORK/set/set.json") + 1)) "$WORK/input" >"$WORK/set/content.age" || die 1 "cannot write below $RECORDS: is the disk full?"
  rm -f "$WORK/input"
  case $(head -c 21 "$WORK/set/content.age") in
    age-encryption.org/v1) ;;
    *) die 65 "what was sent is not sealed by age" ;;
  esac
  # shellcheck disable=SC2046 # a list of words
  ready state $(targets)
  for target in $READY; do
    if has "$target" "$id"; then
      record "$target" state "$id" "$WORK/set/set.json"
      say "there $target $id"
    else
      put_all "$target"
    fi
  done
}

# drill: the record on standard input. Whatever does not look like one is not kept: it is read by others, and printed.
drill() {
  local at
  head -c 4096 >"$WORK/record" || die 1 "cannot write below $RECORDS: is the disk full?"
  # No control characters, for a start.
  if [ "$(tr -d '\000-\011\013-\037\177' <"$WORK/record" | wc -c)" -ne "$(wc -c <"$WORK/record")" ] || ! awk '
    NR == 1 && !/^at [0-9]+$/ { bad = 1 }
    NR == 2 && !/^seconds [0-9]+$/ { bad = 1 }
    NR == 3 && !/^result (ok|failed)$/ { bad = 1 }
    NR == 4 && !/^set (-|[0-9]+T[0-9]+Z-[A-Za-z0-9._-]+)$/ { bad = 1 }
    NR == 5 && !/^reason ./ { bad = 1 }
    NR == 3 { failed = $2 == "failed" }
    length($0) > 1300 || NR <= 2 && length($2) > 12 || NR == 4 && length($2) > 100 { bad = 1 }
    END { exit bad || NR != (failed ? 5 : 4) }
  ' "$WORK/record"; then
    die 65 "what was sent is not the record of a restore drill"
  fi
  at=$(sed -n 's/^at //p' "$WORK/record")
  [ "$at" -le $(($(date +%s) + AHEAD)) ] || die 65 "the drill ended in the future: compare the clock of the operator's machine with this host's"
  chmod 0600 "$WORK/record"
  mv "$WORK/record" "$RECORDS/drill" || die 1 "cannot write below $RECORDS: is the disk full?"
  say recorded
}

# work_begin: makes WORK.
work_begin() {
  local file name
  mkdir -p "$RECORDS" || die 1 "cannot make $RECORDS: is the disk full or read-only?"
  for file in "$RECORDS"/work.*; do
    # Of a run that was killed: it is as large as etcd's data.
    name=${file##*/work.}
    kill -0 "${name%%.*}" 2>/dev/null || rm -rf "$file"
  done
  WORK=$(mktemp -d "$RECORDS/work.$$.XXXXXX") || die 1 "cannot write below $RECORDS: is the disk full or read-only?"
  trap 'rm -rf "$WORK"' EXIT
  trap 'exit 129' TERM INT HUP
  FAILED=
}

# locked VERB ARGUMENT…: runs it under a lock over all members: who comes second finds what the first has made. Without a quorum nobody
# would get it, and each target is told of that instead.
locked() {
  local target code
  work_begin
  if ! answered; then
    for target in $(targets); do
      failed "$target" data
    done
    forget_former
    metrics
    die 75 "$REASON"
  fi
  rm -rf "$WORK"
  trap - EXIT TERM INT HUP
  export PLINTH_BACKUP_LOCKED=yes
  member_call "$LONGEST" lock plinth-backup -- "$0" "$@"
  code=$?
  [ "$code" != 124 ] || die 75 "another backup of the cluster did not end within $LONGEST s, or etcd does not answer"
  exit "$code"
}

# drilled: whether a failover drill has etcd away here.
drilled() {
  local until
  until=$(sed -n 's/^until //p' "$DRILL" 2>/dev/null)
  case $until in
    '' | *[!0-9]*) return 1 ;;
  esac
  [ "$until" -gt "$(date +%s)" ]
}

run() {
  work_begin
  case $1 in
    due) due ;;
    now)
      shift
      # shellcheck disable=SC2046 # a list of words
      give "$*" $(targets)
      ;;
    store) store "${2-}" ;;
    drill) drill ;;
  esac
  forget_former
  metrics
  [ -z "$FAILED" ]
}

case ${1-} in
  due | now | store | drill)
    [ -r "$CONFIG/settings" ] || die 1 "this host is not set up for backups: run up"
    if [ "$1" = due ] && drilled; then
      say "a failover drill has etcd away here: other members look after the targets"
    elif [ -z "${PLINTH_BACKUP_LOCKED-}" ] && [ "$1" != store ] && [ "$1" != drill ]; then
      locked "$@"
    else
      run "$@"
    fi
    ;;
  *)
    say "usage: backup due|now REASON…|store DIGEST|drill" >&2
    exit 64
    ;;
esac
