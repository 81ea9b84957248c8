#!/bin/sh
# The log of connections through this host's load balancer: HAProxy passes TCP on, so an API server sees the balancer's address
# alone, and its audit log has no other.
#
# connections follow DIRECTORY ADDRESS:PORT DAYS FILES MEGABYTES: writes the log for ever, a pass every minute.
# connections pass DIRECTORY ADDRESS:PORT DAYS FILES MEGABYTES: the same once.
# connections at DIRECTORY TIME [SERVER [SECONDS]]: who was connected at that time. TIME as audit events have it
#   (2026-01-31T09:30:00.123456Z), SERVER is an API server's address, SECONDS by how much clocks may differ (2). Prints
#   FROM UNTIL CLIENT SERVER, `-` for what is not known, and fails when nobody was.
#
# Lines of DIRECTORY/connections.log, times in seconds since the epoch:
#   ended BEGIN END CLIENT:PORT BALANCER:PORT SERVER:PORT NAME STATE UP DOWN   HAProxy's own line, with bytes sent and received
#   open AFTER NOW CLIENT:PORT                                                 it began between these times, and was not over
#   gone AFTER NOW CLIENT:PORT                                                 it was over between these times
# A connection of less than a minute has the first one alone. One that is still open, or that a loss of power has ended, has no
# first one, and the others tell its client. AFTER is 0 where nothing is known of before.
#
# DAYS, FILES and MEGABYTES bound the log: age and number of files that are full, and when one is; 0 is no bound.
set -u
export LC_ALL=C

log=connections.log
interval=60

# ended: HAProxy's lines since the last pass. The place in the journal is written down last: a pass that is killed repeats lines,
# and loses none.
ended() {
  rm -f "$DIRECTORY/.cursor.new"
  if [ -e "$DIRECTORY/.cursor" ]; then
    cp "$DIRECTORY/.cursor" "$DIRECTORY/.cursor.new" || return 1
  fi
  # Without a word it fails where the unit has logged nothing yet: on a new host this starts first.
  if ! journalctl --quiet --no-pager --output=cat --unit=haproxy.service --cursor-file="$DIRECTORY/.cursor.new" \
    >"$DIRECTORY/.journal" 2>"$DIRECTORY/.complaint" && [ -s "$DIRECTORY/.complaint" ]; then
    cat "$DIRECTORY/.complaint" >&2
    return 1
  fi
  awk '
    $1 == "connection" && NF == 10 { $1 = "ended"; $3 = sprintf("%.3f", $2 + $3 / 1000); print }
  ' "$DIRECTORY/.journal" >>"$DIRECTORY/$log" || return 1
  rm -f "$DIRECTORY/.journal" "$DIRECTORY/.complaint"
  if [ -e "$DIRECTORY/.cursor.new" ]; then
    mv "$DIRECTORY/.cursor.new" "$DIRECTORY/.cursor"
  fi
}

# still_open FRONTEND: the clients that have come and gone since the last pass, by the kernel's list.
still_open() {
  local now
  now=$(date +%s)
  if [ ! -e "$DIRECTORY/.open" ]; then
    echo 0 >"$DIRECTORY/.open" || return 1
  fi
  ss -Htn state established "src $1" >"$DIRECTORY/.sockets" || return 1
  { echo "$now" && awk '{ print $4 }' "$DIRECTORY/.sockets"; } >"$DIRECTORY/.open.new" || return 1
  awk -v now="$now" '
    FNR == 1 { if (NR == 1) after = $1; next }
    FILENAME == ARGV[1] { was[$1] = 1; next }
    $1 in was { delete was[$1]; next }
    { print "open", after, now, $1 }
    END { for (client in was) print "gone", after, now, client }' "$DIRECTORY/.open" "$DIRECTORY/.open.new" >>"$DIRECTORY/$log" || return 1
  mv "$DIRECTORY/.open.new" "$DIRECTORY/.open"
}

# compress: what is full, also what a killed pass has left.
compress() {
  local file
  for file in "$DIRECTORY"/connections-*.log; do
    if [ -e "$file" ]; then
      gzip -f "$file" || return 1
    fi
  done
}

# rotate DAYS FILES MEGABYTES
rotate() {
  local files
  if [ "$3" -gt 0 ] && [ "$(stat -c %s "$DIRECTORY/$log")" -ge $(($3 * 1048576)) ]; then
    mv "$DIRECTORY/$log" "$DIRECTORY/connections-$(date -u +%Y%m%dT%H%M%SZ).log" || return 1
  fi
  compress || return 1
  if [ "$1" -gt 0 ]; then
    find "$DIRECTORY" -maxdepth 1 -name 'connections-*.log.gz' -mtime "+$1" -delete || return 1
  fi
  set -- "$2" "$DIRECTORY"/connections-*.log.gz
  if [ "$1" = 0 ] || [ ! -e "$2" ]; then
    return 0
  fi
  # Their names are in the order of time.
  files=$1
  shift
  while [ $# -gt "$files" ]; do
    rm -f "$1" || return 1
    shift
  done
}

# pass DIRECTORY FRONTEND DAYS FILES MEGABYTES
pass() {
  DIRECTORY=$1
  umask 077
  ended && still_open "$2" && rotate "$3" "$4" "$5"
}

# at DIRECTORY TIME [SERVER [SECONDS]]
at() {
  local time found file from until who where
  time=$(date -d "$2" +%s.%3N) || exit 65
  found=$(
    for file in "$1"/connections-*.log.gz "$1"/connections-*.log "$1"/connections.log; do
      if [ -e "$file" ]; then
        zcat -f "$file"
      fi
    done | awk -v at="$time" -v server="${3-}" -v slack="${4:-2}" '
      function met(from, until) { return from - slack <= at && at <= until + slack }
      # A connection that was open, of which HAProxy has said nothing yet, is over.
      function over(client, until) {
        if (met(began[client], until)) found[client] = began[client] " " until " " client " -"
        delete began[client]
      }
      $1 == "ended" {
        # HAProxy tells the times of what was seen open.
        if ($4 in found && split(found[$4], told, " ") && told[1] - 1 <= $2 && $2 - 1 <= told[2]) delete found[$4]
        if ($4 in began && began[$4] - 1 <= $2) delete began[$4]
        where = $6
        sub(/:[0-9]+$/, "", where)
        if (met($2, $3) && (server == "" || server == where)) print $2, $3, $4, where
      }
      $1 == "open" { began[$4] = $2 }
      $1 == "gone" && $4 in began { over($4, $3) }
      END {
        for (client in began) if (began[client] - slack <= at) print began[client], "-", client, "-"
        for (client in found) print found[client]
      }' | sort -u
  )
  if [ -z "$found" ]; then
    echo "nobody was connected at $2${3:+ to $3}, as far as $1 goes" >&2
    exit 1
  fi
  printf '%s\n' "$found" | while read -r from until who where; do
    printf '%s %s %s %s\n' "$(moment "$from")" "$(moment "$until")" "$who" "$where"
  done
}

# moment SECONDS|0|-: as audit events have it.
moment() {
  case $1 in
    0 | -) echo - ;;
    *) date -u -d "@$1" +%Y-%m-%dT%H:%M:%S.%3NZ ;;
  esac
}

verb=${1:?"usage: connections follow|pass|at DIRECTORY …"}
shift
case $verb in
  follow)
    # It ends after its commands: systemd may not hear of the end of one that outlives it, and waits for 90 s.
    trap 'exit 0' TERM
    while pass "$@"; do
      sleep "$interval"
    done
    exit 1
    ;;
  pass) pass "$@" ;;
  at) at "$@" ;;
  *)
    echo "connections knows follow, pass and at, not $verb" >&2
    exit 65
    ;;
esac
