# Failover mark: what a failover drill (scripts/host/failover.sh) has left word of. A part of the host script, and of backups.

# failover_until: sets FAILOVER_UNTIL to when a drill that has services of this host away ends, seconds since the epoch. Returns 1 where
# there is none, or its time is over.
failover_until() {
  FAILOVER_UNTIL=$(sed -n 's/^until //p' "$ROOT$FAILOVER_PATH" 2>/dev/null)
  case $FAILOVER_UNTIL in
    '' | *[!0-9]*) return 1 ;;
  esac
  [ "$FAILOVER_UNTIL" -gt "$(date +%s)" ]
}
