# Retire: takes a host out of the service of others before it leaves: the VIP first, then what answers through it. etcd, the kubelet,
# files and manifests stay as they are; `release` does the rest. The bundles of what has stopped count as half done, so that the next run
# puts a host back into service that stays after all.

# In the order in which they stop: nothing may be asked of what has stopped already.
RETIRED_UNITS="keepalived.service kube-scheduler.service kube-controller-manager.service kube-apiserver.service haproxy.service"

# retire [--host NAME] [--cluster-id ID]: without a name, whoever this host is.
retire() {
  claim_options retire "$@"
  re_host=$OPTION_HOST re_id=$OPTION_ID
  stage_make
  lock_take "retire"
  claim_read
  host_name
  rt_stopped=
  if { [ -n "$re_host" ] && [ "$CLAIM_HOST" != "$re_host" ]; } || { [ -n "$re_id" ] && [ "$CLAIM_ID" != "$re_id" ]; }; then
    say "this host is ${CLAIM_HOST:-nobody} of cluster ${CLAIM_CLUSTER:-none}, not $re_host${re_id:+ of cluster id $re_id}: left as it is"
  else
    release_facts
    bundles_retire || die "$EXIT_FAILED" "cannot write under $STATE (is the disk full or read-only?)"
    for rt_unit in $RETIRED_UNITS; do
      # shellcheck disable=SC2086 # a list of words
      if has_word "$rt_unit" $OWNED_UNITS; then
        unit_retire "$rt_unit" || die "$EXIT_FAILED" "$FAILURE; correct the cause and run again, it goes on from there"
      fi
    done
  fi
  # shellcheck disable=SC2086 # a list of words
  json_list $rt_stopped
  printf '{"host":"%s","stopped":%s}\n' "${re_host:-$HOST}" "$JSON"
}

# bundles_retire: a note in each bundle with units that are about to stop.
bundles_retire() {
  for br_home in "$STATE"/bundles/*; do
    if [ ! -e "$br_home/manifest" ] || [ -e "$br_home/intent" ]; then
      continue
    fi
    br_generation=0 br_mine=
    while read -r br_kind br_value _; do
      case $br_kind in
        generation) br_generation=$br_value ;;
        unit)
          # shellcheck disable=SC2086 # a list of words
          if has_word "$br_value" $RETIRED_UNITS; then
            br_mine=yes
          fi
          ;;
      esac
    done <"$br_home/manifest"
    if [ -n "$br_mine" ]; then
      printf 'plinth-intent 1\nbundle %s\ngeneration %s\nfailed the host was to leave, and has handed over what it held\nend\n' \
        "${br_home##*/}" "$br_generation" | write_atomic "$br_home/intent" 0600 || return 1
    fi
  done
}

# unit_retire UNIT: stopped, seen to be, and not started at the next boot. Adds it to rt_stopped where it was up. Returns 1 with FAILURE set.
unit_retire() {
  units_show "$1" || return 1
  unit_get "$1"
  if [ "$UNIT_LOAD" = not-found ]; then
    return 0
  fi
  # Disabled first: a host that loses power in between does not come back with it.
  case $UNIT_FILE in
    enabled | enabled-runtime | linked*)
      if ! ut_error=$(control 60 disable "$1" 2>&1); then
        FAILURE="cannot disable $1: ${ut_error##*"$NEWLINE"}"
        return 1
      fi
      ;;
  esac
  case $UNIT_ACTIVE in
    inactive | failed) return 0 ;;
  esac
  # The unit's own TimeoutStopSec ends a stop that hangs; this bound is for a systemd that does.
  ut_error=$(control 600 stop "$1" 2>&1)
  units_show "$1" || return 1
  unit_get "$1"
  case $UNIT_ACTIVE in
    inactive | failed) rt_stopped="$rt_stopped $1" ;;
    *)
      FAILURE="$1 does not stop (it is $UNIT_ACTIVE, $UNIT_SUB)${ut_error:+: ${ut_error##*"$NEWLINE"}}"
      return 1
      ;;
  esac
}
