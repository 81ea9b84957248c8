# A short look at this host during a load test, as root: it is fed to a shell here, and changes nothing.
#
# Words: SINCE UNIT…: seconds since the epoch from which on HAProxy and keepalived are to be heard, `-` for not at all; and units.
#
# Framed by `plinth-facts 1` and `end`, in any order:
#   uptime SECONDS, clock SECONDS            since the first process began, and since the epoch
#   address ADDRESS INTERFACE                each IPv4 address
#   unit NAME STATE RESTARTS INVOCATION|-    what systemd says of each unit: ActiveState, starts by itself, the id of the present start
#   event EPOCH TEXT                         what HAProxy said of servers, and keepalived of its state
#   events-failed REASON                     where the journal cannot be read

set -u
LC_ALL=C
export LC_ALL
PATH="${PATH:-/usr/bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
SINCE=${1:--}
shift $(($# > 0))
ASKED_UNITS=$*

glance_units() {
  if [ -z "$ASKED_UNITS" ]; then
    return
  fi
  # shellcheck disable=SC2086 # a list of units
  systemctl show -p Id,ActiveState,NRestarts,InvocationID $ASKED_UNITS 2>/dev/null | awk '
    function tell() {
      if (id != "") print "unit", id, (state == "" ? "unknown" : state), restarts + 0, (run == "" ? "-" : run)
      id = state = restarts = run = ""
    }
    { key = $0; sub(/=.*/, "", key); value = $0; sub(/^[^=]*=/, "", value) }
    key == "" { tell() }
    key == "Id" { id = value }
    key == "ActiveState" { state = value }
    key == "NRestarts" { restarts = value }
    key == "InvocationID" { run = value }
    END { tell() }'
}

# glance_events: HAProxy says the same once more, with a level in front, on its standard error.
glance_events() {
  if [ "$SINCE" = - ]; then
    return
  fi
  {
    timeout 20 journalctl -u haproxy.service -u keepalived.service --since "@$SINCE" -o short-unix --no-pager -q 2>/dev/null ||
      printf 'failed\n'
  } | awk '
    $0 == "failed" { print "events-failed the journal cannot be read"; next }
    { at = $1; text = $0; sub(/^[^ ]+ [^ ]+ [^ ]+: /, "", text) }
    at !~ /^[0-9]+(\.[0-9]+)?$/ || text ~ /^\[/ { next }
    text ~ /^Server [^ ]+ is (UP|DOWN)/ || text ~ / has no server available/ || text ~ /Entering (MASTER|BACKUP|FAULT) STATE/ {
      print "event", at, text
    }'
}

# glance_host: in a container its own boot counts, not the machine's.
glance_host() {
  awk -v ticks="$(getconf CLK_TCK)" '
    FNR == NR { up = $1; next }
    { sub(/^.*\) /, ""); printf "uptime %.2f\n", up - $20 / ticks }' /proc/uptime /proc/1/stat
  ip -o -4 address show 2>/dev/null | awk '{ split($4, a, "/"); sub(/@.*/, "", $2); print "address", a[1], $2 }'
  printf 'clock %s\n' "$(date +%s.%3N)"
}

printf 'plinth-facts 1\n'
glance_host
glance_units
glance_events
printf 'end\n'
