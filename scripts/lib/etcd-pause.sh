# Etcd: the API server of this host is stopped while its member is defragmented, and comes back whatever becomes of who has stopped it. What a
# restore, a failover drill or a person has stopped stays as it is.

ETCD_PAUSED=$STATE/etcd-paused             # is there meanwhile: a line that says since when, and lines `unit NAME`

# etcd_barred: whether a restore or a failover drill has services of this host away on purpose. Sets REASON where one has.
etcd_barred() {
  if restore_under_way; then
    return 0
  fi
  failover_until || return 1
  REASON="a failover drill has services of this host away until $(date -u -d "@$FAILOVER_UNTIL" +%Y-%m-%dT%H:%M:%SZ)"
}

# etcd_alone WHAT [TOTAL]: from here on nothing else changes this host; TOTAL as in `lock_take`. Returns 1 with REASON set where `etcd_barred`
# says that nothing may.
etcd_alone() {
  lock_take "$@"
  ! etcd_barred
}

# etcd_resume_left: brings back what a defragmentation has left that was killed. While one is under way it has the lock of the host.
etcd_resume_left() {
  if [ ! -e "$ETCD_PAUSED" ]; then
    return 0
  fi
  # The service that calls this when it ends is killed after TimeoutStopSec (plan/bundles/defragmentation.ts): however many runs take turns,
  # they have no more than this, and the API server has the rest.
  PLINTH_LOCK_SECONDS=${PLINTH_LOCK_SECONDS:-60}
  if ! etcd_alone "etcd resume" "$PLINTH_LOCK_SECONDS"; then
    say "the API server of this host is not started: $REASON"
    return 0
  fi
  etcd_resume || die "$EXIT_FAILED" "$REASON"
}

# etcd_pause: stops the API server of this host, and what goes by it, where others are ready: it ends what it has begun and sends its
# clients to them; leases of the others are handed over. Without space it stays: one that starts has to write. Returns 1 with REASON set
# when it must not be stopped.
etcd_pause() {
  local url ready stopped unit running
  if [ -z "$API_URL" ] || [ -z "$ETCD_APISERVERS" ]; then
    return 0
  fi
  case $SELF_ALARMS in
    *NOSPACE*) return 0 ;;
  esac
  # shellcheck disable=SC2086 # a list of words
  units_show kube-apiserver.service $API_UNITS || {
    REASON=$FAILURE
    return 1
  }
  unit_get kube-apiserver.service
  if [ "$UNIT_ACTIVE" != active ]; then
    return 0
  fi
  # What somebody has stopped before stays stopped afterwards.
  running=
  for unit in $API_UNITS; do
    unit_get "$unit"
    case $UNIT_ACTIVE in
      active | activating | reloading) running="$running $unit" ;;
    esac
  done
  ready=
  for url in $ETCD_APISERVERS; do
    if check_http_ok - "$url/readyz" "$API_CA" ok; then
      ready=yes
    fi
  done
  if [ -z "$ready" ]; then
    REASON="no API server of another host is ready, so that of this one cannot be taken away: $REASON"
    return 1
  fi
  # shellcheck disable=SC2086 # a list of words
  { date -u +%Y-%m-%dT%H:%M:%SZ && printf 'unit %s\n' $running; } | write_atomic "$ETCD_PAUSED" 0600 || {
    REASON="cannot write $ETCD_PAUSED (is the disk full or read-only?)"
    return 1
  }
  # shellcheck disable=SC2086 # a list of words
  if ! stopped=$(control 600 stop $running 2>&1); then
    etcd_resume
    REASON="the API server of this host does not stop: ${stopped##*"$NEWLINE"}"
    return 1
  fi
}

# etcd_resume: starts the API server that a defragmentation, or one that was killed, has stopped. Returns 1 with REASON set when it does
# not become ready.
etcd_resume() {
  local begin units
  if [ ! -e "$ETCD_PAUSED" ]; then
    return 0
  fi
  # The mark of former releases names none.
  units=$(sed -n 's/^unit //p' "$ETCD_PAUSED")
  # shellcheck disable=SC2086 # a list of words
  control 60 --no-block start ${units:-$API_UNITS} >/dev/null 2>&1
  uptime_seconds
  begin=$UPTIME
  until check_http_ok - "$API_URL" "$API_CA" ok; do
    uptime_seconds
    if [ $((UPTIME - begin)) -ge "${PLINTH_ETCD_SECONDS:-180}" ]; then
      REASON="the API server of this host was stopped meanwhile, and is not ready again: $REASON"
      return 1
    fi
    sleep 1
  done
  rm -f "$ETCD_PAUSED"
}
