# Retire: takes a host out of the service of others before it leaves: the VIP first, then what answers through it. etcd, the kubelet,
# files and manifests stay as they are; `release` does the rest. The bundles of what has stopped count as half done, so that the next run
# puts a host back into service that stays after all.

# retire [--host NAME] [--cluster-id ID]: without a name, whoever this host is.
retire() {
  local host id unit
  claim_options retire "$@"
  host=$OPTION_HOST id=$OPTION_ID
  stage_make
  lock_take "retire"
  claim_read
  host_name
  STOPPED=
  if { [ -n "$host" ] && [ "$CLAIM_HOST" != "$host" ]; } || { [ -n "$id" ] && [ "$CLAIM_ID" != "$id" ]; }; then
    say "this host is ${CLAIM_HOST:-nobody} of cluster ${CLAIM_CLUSTER:-none}, not $host${id:+ of cluster id $id}: left as it is"
  else
    restore_bars "its retirement"
    # What a defragmentation has stopped that was killed is not started any more either.
    rm -f "$ETCD_PAUSED"
    release_facts
    bundles_retire || die "$EXIT_FAILED" "cannot write under $STATE (is the disk full or read-only?)"
    for unit in $RETIRED_UNITS; do
      # shellcheck disable=SC2086 # a list of words
      if has_word "$unit" $OWNED_UNITS; then
        unit_retire "$unit" || die "$EXIT_FAILED" "$FAILURE; correct the cause and run again, it goes on from there"
      fi
    done
  fi
  # shellcheck disable=SC2086 # a list of words
  json_list $STOPPED
  printf '{"host":"%s","stopped":%s}\n' "${host:-$HOST}" "$JSON"
}

# bundles_retire: a note in each bundle with units that are about to stop.
bundles_retire() {
  local home generation mine kind value
  for home in "$STATE"/bundles/*; do
    if [ ! -e "$home/manifest" ] || [ -e "$home/intent" ]; then
      continue
    fi
    generation=0 mine=
    while read -r kind value _; do
      case $kind in
        generation) generation=$value ;;
        unit)
          # shellcheck disable=SC2086 # a list of words
          if has_word "$value" $RETIRED_UNITS; then
            mine=yes
          fi
          ;;
      esac
    done <"$home/manifest"
    if [ -n "$mine" ]; then
      printf 'plinth-intent 1\nbundle %s\ngeneration %s\nfailed the host was to leave, and has handed over what it held\nend\n' \
        "${home##*/}" "$generation" | write_atomic "$home/intent" 0600 || return 1
    fi
  done
}

# unit_retire UNIT: stopped, seen to be, and not started at the next boot. Adds it to STOPPED where it was up. Returns 1 with FAILURE set.
unit_retire() {
  local error
  units_show "$1" || return 1
  unit_get "$1"
  if [ "$UNIT_LOAD" = not-found ]; then
    return 0
  fi
  # Disabled first: a host that loses power in between does not come back with it.
  case $UNIT_FILE in
    enabled | enabled-runtime | linked*)
      if ! error=$(control 60 disable "$1" 2>&1); then
        FAILURE="cannot disable $1: ${error##*"$NEWLINE"}"
        return 1
      fi
      ;;
  esac
  case $UNIT_ACTIVE in
    inactive | failed) return 0 ;;
  esac
  # The unit's own TimeoutStopSec ends a stop that hangs; this bound is for a systemd that does.
  error=$(control 600 stop "$1" 2>&1)
  units_show "$1" || return 1
  unit_get "$1"
  case $UNIT_ACTIVE in
    inactive | failed) STOPPED="$STOPPED $1" ;;
    *)
      FAILURE="$1 does not stop (it is $UNIT_ACTIVE, $UNIT_SUB)${error:+: ${error##*"$NEWLINE"}}"
      return 1
      ;;
  esac
}
