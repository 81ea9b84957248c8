# Requires: what must hold before a unit that serves is restarted. Asked before anything is changed, and only where the unit runs and is
# about to be restarted: a unit that is down has nothing to lose, and a first start none either. The way back asks nothing. Each
# `require_NAME UNIT ARGUMENTS…` looks once, returns 0 when it holds, and sets REASON when not; WAIVED besides where it is no reason to
# refuse, however long it lasts.

# requires_run: ends the script when a require of STAGE/plan does not come to hold within its deadline.
requires_run() {
  local units kind name seconds unit arguments
  units=
  : >"$STAGE/requires"
  while read -r kind name seconds unit arguments; do
    # shellcheck disable=SC2086 # a list of words
    if [ "$kind" = require ] && has_word "$unit" $HIT_RESTART; then
      units="$units $unit"
      printf '%s\n' "$name $seconds $unit $arguments" >>"$STAGE/requires"
    fi
  done <"$STAGE/plan"
  if [ -z "$units" ]; then
    return 0
  fi
  # shellcheck disable=SC2086 # a list of words
  units_show $units || die "$EXIT_FAILED" "$FAILURE; nothing was changed"
  while read -r name seconds unit arguments; do
    unit_get "$unit"
    if [ "$UNIT_ACTIVE" = active ]; then
      require_wait "$name" "$seconds" "$unit" "$arguments"
    fi
  done <"$STAGE/requires"
}

# require_wait NAME SECONDS UNIT ARGUMENTS: the last in one word.
require_wait() {
  local begin
  uptime_seconds
  begin=$UPTIME
  while :; do
    REASON='' WAIVED=
    set -f
    # shellcheck disable=SC2086 # the stream's words
    if require "$1" "$3" $4; then
      return 0
    fi
    uptime_seconds
    if [ $((UPTIME - begin)) -ge "$2" ]; then
      if [ -n "$WAIVED" ]; then
        say "$3 is restarted all the same: $REASON"
        return 0
      fi
      die "$EXIT_FAILED" "$3 must not be restarted now (require $1, waited $((UPTIME - begin)) s): $REASON; nothing was changed"
    fi
    sleep 1
  done
}

# require NAME UNIT ARGUMENTS…
require() {
  local name
  name=$1
  shift
  # The words have been split.
  set +f
  case $name in
    etcd-quorum) require_etcd_quorum "$@" ;;
    api-ready) require_api_ready "$@" ;;
  esac
}

# require_api_ready UNIT URL CAFILE: the API answers there.
require_api_ready() {
  check_http_ok "$1" "$2" "$3" ok
}
