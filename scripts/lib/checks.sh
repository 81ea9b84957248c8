# Checks: the postconditions of a bundle, polled side by side until each has passed or its deadline is over. Each
# `check_NAME UNIT ARGUMENTS…` looks once, returns 0 when the condition holds and sets REASON when not; and HOPELESS when
# waiting does not help.

# check_longest UNIT: sets CHECK_LONGEST to the longest deadline of the checks that blame UNIT, 90 s when there is none.
check_longest() {
  local kind seconds unit
  CHECK_LONGEST=0
  while read -r kind _ seconds unit _; do
    if [ "$kind" = check ] && [ "$unit" = "$1" ] && [ "$seconds" -gt "$CHECK_LONGEST" ]; then
      CHECK_LONGEST=$seconds
    fi
  done <"$STAGE/manifest"
  if [ "$CHECK_LONGEST" = 0 ]; then
    CHECK_LONGEST=90
  fi
}

# checks_run: polls the checks of STAGE/manifest. Returns 1 with FAILURE and BLAMED set at the first that is past its
# deadline or whose unit is beyond hope.
checks_run() {
  local units number kind name seconds unit arguments round reason before
  units=
  BUNDLES_STARTED=
  : >"$STAGE/pending"
  number=0
  while read -r kind name seconds unit arguments; do
    if [ "$kind" = check ]; then
      number=$((number + 1))
      printf '%s\n' "$number $name $seconds $unit $arguments" >>"$STAGE/pending"
      # shellcheck disable=SC2086 # a list of words
      if [ "$unit" != - ] && ! has_word "$unit" $units; then
        units="$units $unit"
      fi
    fi
  done <"$STAGE/manifest"
  uptime_seconds
  CHECKS_BEGIN=$UPTIME
  DOOM_LOOKED=0
  round=0
  while [ -s "$STAGE/pending" ]; do
    round=$((round + 1))
    if [ -n "$units" ]; then
      # shellcheck disable=SC2086 # a list of words
      units_show $units || return 1
      if [ "$round" = 1 ]; then
        cp "$STAGE/units" "$STAGE/units-first"
      fi
    fi
    uptime_seconds
    while read -r number name seconds unit arguments; do
      REASON='' HOPELESS=''
      set -f
      # shellcheck disable=SC2086 # the stream's words
      set -- $arguments
      set +f
      if check "$name" "$unit" "$@"; then
        continue
      fi
      printf '%s\n' "$number $name $seconds $unit $arguments" >&3
      BLAMED=${unit#-}
      if [ -n "$BLAMED" ]; then
        reason=$REASON
        unit_get "$BLAMED"
        before=0
        # shellcheck disable=SC2086 # a list of words
        if ! has_word "$BLAMED" $STARTED $RESTARTED; then
          restarts_first "$BLAMED"
          before=$RESTARTS_FIRST
        fi
        if unit_doomed "$BLAMED" "$CHECKS_BEGIN" "$before"; then
          FAILED_AFTER=$((UPTIME - CHECKS_BEGIN)) FAILED_CHECK=$name
          return 1
        fi
        REASON=$reason
      fi
      if [ -n "$HOPELESS" ]; then
        seconds=$((UPTIME - CHECKS_BEGIN))
      fi
      if [ $((UPTIME - CHECKS_BEGIN)) -ge "$seconds" ]; then
        FAILURE=${REASON:-the condition does not hold}
        FAILED_AFTER=$seconds FAILED_CHECK=$name
        return 1
      fi
    done <"$STAGE/pending" 3>"$STAGE/pending.next"
    mv -f "$STAGE/pending.next" "$STAGE/pending"
    if [ -s "$STAGE/pending" ]; then
      sleep 0.3
    fi
  done
  BLAMED=
}

# check NAME UNIT ARGUMENTS…
check() {
  local name
  name=$1
  shift
  case $name in
    unit-active) check_unit_active "$@" ;;
    http-ok) check_http_ok "$@" ;;
    etcd-voter) check_etcd_voter "$@" ;;
    config-in-use) check_config_in_use "$@" ;;
    command) check_command "$@" ;;
    sysctl) check_sysctl "$@" ;;
    swap-off) check_swap_off "$@" ;;
    if-bundle) check_if_bundle "$@" ;;
    if-file) check_if_file "$@" ;;
  esac
}

# effects_lost: sets EFFECTS_LOST to the units that are up and whose effect on the kernel is gone: somebody has changed a
# parameter or turned on swap since. Starting such a unit again brings it back.
effects_lost() {
  local kind name unit arguments
  EFFECTS_LOST=
  while read -r kind name _ unit arguments; do
    case $kind-$name in
      check-sysctl | check-swap-off) ;;
      *) continue ;;
    esac
    # shellcheck disable=SC2086 # a list of words
    if [ "$unit" = - ] || has_word "$unit" $EFFECTS_LOST; then
      continue
    fi
    set -f
    # shellcheck disable=SC2086 # the stream's words
    set -- $arguments
    set +f
    if ! check "$name" "$unit" "$@"; then
      EFFECTS_LOST="$EFFECTS_LOST $unit"
    fi
  done <"$STAGE/manifest"
}

# restarts_first UNIT: sets RESTARTS_FIRST to the counter as it was in the first round.
restarts_first() {
  local id restarts
  RESTARTS_FIRST=0
  while read -r id _ _ _ _ restarts _; do
    if [ "$id" = "$1" ]; then
      RESTARTS_FIRST=$restarts
    fi
  done <"$STAGE/units-first"
}

# check_unit_active UNIT: up, and the same process in two looks. After a start it must have stayed for a while: a
# program that rejects its flags may need a second or two until it does.
check_unit_active() {
  local seen since
  unit_get "$1"
  if ! unit_up; then
    REASON="it is $UNIT_ACTIVE ($UNIT_SUB)"
    return 1
  fi
  seen='' since=$UPTIME
  if [ -e "$STAGE/seen-$1" ]; then
    read -r since seen <"$STAGE/seen-$1"
  fi
  if [ "$seen" = "$UNIT_RESTARTS $UNIT_INVOCATION" ]; then
    # shellcheck disable=SC2086 # a list of words
    if ! has_word "$1" $STARTED $RESTARTED || [ $((UPTIME - since)) -ge "${PLINTH_SETTLE_SECONDS:-3}" ]; then
      return 0
    fi
    REASON="it has been up for only $((UPTIME - since)) s"
    return 1
  fi
  printf '%s\n' "$UPTIME $UNIT_RESTARTS $UNIT_INVOCATION" >"$STAGE/seen-$1"
  REASON="it is not up for long yet"
  return 1
}

# http_get ARGUMENT…: a GET by curl with more ARGUMENTs; the body goes to STAGE/body. On failure REASON is curl's sentence, and the
# status is curl's.
http_get() {
  local code error body
  direct_curl --fail-with-body --silent --show-error --connect-timeout 3 --max-time 8 --output "$STAGE/body" "$@" </dev/null 2>"$STAGE/curl.error"
  code=$?
  if [ "$code" = 0 ]; then
    return 0
  fi
  error='' body=''
  read -r error <"$STAGE/curl.error" || :
  if [ -s "$STAGE/body" ]; then
    body=$(awk '/failed|error|not / && n < 5 { printf "%s%s", n++ ? "; " : "", substr($0, 1, 200) }' "$STAGE/body")
  fi
  REASON="$error${body:+: $body}"
  return "$code"
}

# check_http_ok UNIT URL CAFILE [TEXT]: a GET answers 2xx (and the body holds TEXT). CAFILE `-`: the system's or none.
check_http_ok() {
  local url ca
  url=$2 ca=$3
  shift 3
  : >"$STAGE/body"
  if [ "$ca" = - ]; then
    http_get "$url" || return 1
  else
    http_get --cacert "$ROOT$ca" "$url" || return 1
  fi
  if [ -n "$*" ] && ! grep -qF -- "$*" "$STAGE/body"; then
    REASON="$url answers, but not with '$*'"
    return 1
  fi
}

# check_command UNIT COMMAND…: the rest of the line, run by sh, ends with 0 within 10 s.
check_command() {
  local line next
  shift
  if ! timeout 10 sh -c "$*" >"$STAGE/command" 2>&1 </dev/null; then
    line=
    while read -r next; do
      line=$next
    done <"$STAGE/command"
    REASON="\`$*\` failed${line:+: $line}"
    return 1
  fi
}

# check_sysctl UNIT KEY WORD…: the kernel parameter has the value, wherever the key, which may be a pattern, leads.
check_sysctl() {
  local key path file value
  key=$2
  path=$(printf '%s' "$2" | tr ./ /.)
  shift 2
  for file in "$ROOT/proc/sys/"$path; do
    if [ ! -e "$file" ]; then
      REASON="this kernel has no parameter $key"
      return 1
    fi
    value=$(tr -s '[:space:]' ' ' <"$file")
    if [ "${value% }" != "$*" ]; then
      REASON="the kernel parameter $key is ${value% }, expected $*"
      return 1
    fi
  done
}

# check_swap_off UNIT: no swap is on, but for that of the machine around a container.
check_swap_off() {
  local device
  if [ -e "$ROOT/run/systemd/container" ]; then
    return 0
  fi
  while read -r device _; do
    if [ "$device" != Filename ]; then
      REASON="swap is on: $device"
      return 1
    fi
  done <"$ROOT/proc/swaps"
}

# check_if_bundle UNIT BUNDLE CHECK ARGUMENTS…: CHECK, where BUNDLE is complete on this host; nothing is asked where it is
# not. For what a restart takes along (PartOf=): it must be back before the next host is changed. Nothing is asked either where certificates
# of BUNDLE have ended: it comes back with its own change, which waits for this one. What a stop has taken along a start does not bring back:
# the units of BUNDLE are started, once.
check_if_bundle() {
  local unit name bundle check units reason
  unit=$1 name=$2 bundle=$STATE/bundles/$2
  if [ ! -e "$bundle/manifest" ] || [ -e "$bundle/intent" ]; then
    return 0
  fi
  check=$3
  shift 3
  if check "$check" "$unit" "$@" || bundle_ended "$name"; then
    return 0
  fi
  # shellcheck disable=SC2086 # a list of words
  if ! has_word "$name" $BUNDLES_STARTED; then
    BUNDLES_STARTED="$BUNDLES_STARTED $name"
    units=$(awk '$1 == "unit" { print $2 }' "$bundle/manifest")
    reason=$REASON
    # shellcheck disable=SC2086 # a list of words
    [ -z "$units" ] || control 60 --no-block start $units >/dev/null 2>&1
    REASON=$reason
  fi
  return 1
}

# bundle_ended BUNDLE: certificates of the bundle have ended.
bundle_ended() {
  local kind path
  while read -r kind path _; do
    case $kind-$path in
      file-*.crt)
        if certificate_ended "$ROOT$path"; then
          return 0
        fi
        ;;
    esac
  done <"$STATE/bundles/$1/manifest"
  return 1
}

# check_if_file UNIT PATH CHECK ARGUMENTS…: CHECK, where PATH exists; nothing is asked before. For what a service can only do
# once others have given it something.
check_if_file() {
  local unit check
  if [ ! -e "$ROOT$2" ]; then
    return 0
  fi
  unit=$1 check=$3
  shift 3
  check "$check" "$unit" "$@"
}
