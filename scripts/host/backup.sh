#!/bin/sh
# Backup sets of this member of etcd, and on targets. A set is a snapshot of restic's with two files: set.json, its description, and
# content.age, which only operators can open. What is in it was restored aside before.
#
# backup due             gives every target a set of data that has none of the last interval
# backup now REASON…     gives every target a set of data
# backup store DIGEST    gives every target the set on standard input: its description as one line, then its sealed content. DIGEST is the
#                        SHA-256 of all of it, in hexadecimal digits: what was cut off on its way is no set
#
# Prints a line for each target: `stored TARGET ID`, `there TARGET ID` (it has one already) or `failed TARGET REASON`. Ends with 1 when a
# target failed, with 65 when what is to be stored is no set, with 75 when another backup of the cluster did not end or etcd did not answer.
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
# Seconds until a target that does not answer counts as unreachable, and until a set that is under way is given up.
REACH=${PLINTH_BACKUP_REACH:-60}
LONGEST=${PLINTH_BACKUP_LONGEST:-3600}
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
  } >"$WORK/metrics"
  chmod 0644 "$WORK/metrics"
  mv "$WORK/metrics" "$METRICS/plinth-backup.prom"
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

etcdctl() {
  "$BIN/etcdctl" --endpoints "$(setting endpoint)" --cacert "$PKI/etcd/ca.crt" --cert "$PKI/etcd/healthcheck.crt" \
    --key "$PKI/etcd/healthcheck.key" --dial-timeout 5s "$@"
}

digest_of() { sha256sum "$1" | sed 's/ .*//'; }

# make REASON: a set of data in WORK/set. A snapshot that cannot be restored is none.
make() {
  local at id status reason
  REASON="cannot write below $RECORDS: is the disk full?"
  mkdir "$WORK/set" || return 1
  reason=$(one_line "$1" | tr -cd 'A-Za-z0-9 ._:/-')
  if ! etcdctl --command-timeout "${LONGEST}s" snapshot save "$WORK/snapshot.db" >"$WORK/out" 2>"$WORK/error" </dev/null; then
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
    gzip -1 >"$WORK/packed" 2>>"$WORK/error" && [ -e "$WORK/read" ] &&
    "$BIN/age" --recipients-file "$CONFIG/recipients" --output "$WORK/set/content.age" "$WORK/packed" 2>"$WORK/error" && rm -f "$WORK/packed" &&
    return 0
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

run() {
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
  case $1 in
    due) due ;;
    now)
      shift
      # shellcheck disable=SC2046 # a list of words
      give "$*" $(targets)
      ;;
    store) store "${2-}" ;;
  esac
  forget_former
  metrics
  [ -z "$FAILED" ]
}

case ${1-} in
  due | now | store)
    [ -r "$CONFIG/settings" ] || die 1 "this host is not set up for backups: run up"
    if [ -z "${PLINTH_BACKUP_LOCKED-}" ] && [ "$1" != store ]; then
      # A lock waits for ever where nobody answers; another member can make the set.
      if ! etcdctl --command-timeout 10s endpoint health >/dev/null 2>&1; then
        die 75 "etcd does not answer this host within 10 s: does its member run, and is there a quorum?"
      fi
      # Over all members: who comes second finds what the first has made.
      export PLINTH_BACKUP_LOCKED=yes
      timeout "$LONGEST" "$BIN/etcdctl" --endpoints "$(setting endpoint)" --cacert "$PKI/etcd/ca.crt" \
        --cert "$PKI/etcd/healthcheck.crt" --key "$PKI/etcd/healthcheck.key" --dial-timeout 5s lock plinth-backup -- "$0" "$@"
      code=$?
      [ "$code" != 124 ] || die 75 "another backup of the cluster did not end within $LONGEST s, or etcd does not answer"
      exit "$code"
    fi
    run "$@"
    ;;
  *)
    say "usage: backup due|now REASON…|store DIGEST" >&2
    exit 64
    ;;
esac
