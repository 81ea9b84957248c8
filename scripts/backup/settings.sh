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
#   cluster NAME, host NAME, kubernetes VERSION, etcd VERSION, minutes NUMBER, endpoint URL,
#   data DIRECTORY (etcd's own)
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
# Which repository each target had: files NAME with lines `repository URL`, `id ID`.
KNOWN=$ROOT/var/lib/plinth/backup-repositories
METRICS=$ROOT/var/lib/plinth/textfile
# Seconds until a target that does not answer counts as unreachable, and until a set that is under way is given up.
REACH=${PLINTH_BACKUP_REACH:-60}
LONGEST=${PLINTH_BACKUP_LONGEST:-3600}
# Seconds for an answer that a quorum of etcd decides: the end of a leader takes some.
QUORUM=${PLINTH_BACKUP_QUORUM:-30}
# KiB that a restore takes besides the database: a log that is 64 MiB large from the start on, and as much for everything else.
BESIDES=131072
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
