# Checks: the postconditions of a bundle, polled side by side until each has passed or its deadline is over. Each
# `check_NAME UNIT ARGUMENTS…` looks once, returns 0 when the condition holds and sets REASON when not.

# Known checks and the least number of their arguments; `stream_read` refuses others.
CHECK_ARGUMENTS="unit-active:0 http-ok:2 https-client:4 etcd-health:4 etcd-member:5 etcd-voter:6 tcp:2 address:1 command:1 if-bundle:2 if-file:2 sysctl:2 swap-off:0"

# check_longest UNIT: sets CHECK_LONGEST to the longest deadline of the checks that blame UNIT, 90 s when there is none.
check_longest() {
  CHECK_LONGEST=0
  while read -r cl_kind _ cl_seconds cl_unit _; do
    if [ "$cl_kind" = check ] && [ "$cl_unit" = "$1" ] && [ "$cl_seconds" -gt "$CHECK_LONGEST" ]; then
      CHECK_LONGEST=$cl_seconds
    fi
  done <"$STAGE/manifest"
  if [ "$CHECK_LONGEST" = 0 ]; then
    CHECK_LONGEST=90
  fi
}

# checks_run: polls the checks of STAGE/manifest. Returns 1 with FAILURE and BLAMED set at the first that is past its
# deadline or whose unit is beyond hope.
checks_run() {
  ck_units=
  : >"$STAGE/pending"
  ck_number=0
  while read -r ck_kind ck_name ck_seconds ck_unit ck_arguments; do
    if [ "$ck_kind" = check ]; then
      ck_number=$((ck_number + 1))
      printf '%s\n' "$ck_number $ck_name $ck_seconds $ck_unit $ck_arguments" >>"$STAGE/pending"
      # shellcheck disable=SC2086 # a list of words
      if [ "$ck_unit" != - ] && ! has_word "$ck_unit" $ck_units; then
        ck_units="$ck_units $ck_unit"
      fi
    fi
  done <"$STAGE/manifest"
  uptime_seconds
  CHECKS_BEGIN=$UPTIME
  DOOM_LOOKED=0
  ck_round=0
  while [ -s "$STAGE/pending" ]; do
    ck_round=$((ck_round + 1))
    if [ -n "$ck_units" ]; then
      # shellcheck disable=SC2086 # a list of words
      units_show $ck_units || return 1
      if [ "$ck_round" = 1 ]; then
        cp "$STAGE/units" "$STAGE/units-first"
      fi
    fi
    uptime_seconds
    while read -r ck_number ck_name ck_seconds ck_unit ck_arguments; do
      REASON=
      set -f
      # shellcheck disable=SC2086 # the stream's words
      set -- $ck_arguments
      set +f
      if check "$ck_name" "$ck_unit" "$@"; then
        continue
      fi
      printf '%s\n' "$ck_number $ck_name $ck_seconds $ck_unit $ck_arguments" >&3
      BLAMED=${ck_unit#-}
      if [ -n "$BLAMED" ]; then
        ck_reason=$REASON
        unit_get "$BLAMED"
        ck_before=0
        # shellcheck disable=SC2086 # a list of words
        if ! has_word "$BLAMED" $STARTED $RESTARTED; then
          restarts_first "$BLAMED"
          ck_before=$RESTARTS_FIRST
        fi
        if unit_doomed "$BLAMED" "$CHECKS_BEGIN" "$ck_before"; then
          FAILED_AFTER=$((UPTIME - CHECKS_BEGIN)) FAILED_CHECK=$ck_name
          return 1
        fi
        REASON=$ck_reason
      fi
      if [ $((UPTIME - CHECKS_BEGIN)) -ge "$ck_seconds" ]; then
        FAILURE=${REASON:-the condition does not hold}
        FAILED_AFTER=$ck_seconds FAILED_CHECK=$ck_name
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
  ce_name=$1
  shift
  case $ce_name in
    unit-active) check_unit_active "$@" ;;
    http-ok) check_http_ok "$@" ;;
    https-client) check_https_client "$@" ;;
    etcd-health) check_etcd_health "$@" ;;
    etcd-member) check_etcd_member "$@" ;;
    etcd-voter) check_etcd_voter "$@" ;;
    tcp) check_tcp "$@" ;;
    address) check_address "$@" ;;
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
  EFFECTS_LOST=
  while read -r el_kind el_name _ el_unit el_arguments; do
    case $el_kind-$el_name in
      check-sysctl | check-swap-off) ;;
      *) continue ;;
    esac
    # shellcheck disable=SC2086 # a list of words
    if [ "$el_unit" = - ] || has_word "$el_unit" $EFFECTS_LOST; then
      continue
    fi
    set -f
    # shellcheck disable=SC2086 # the stream's words
    set -- $el_arguments
    set +f
    if ! check "$el_name" "$el_unit" "$@"; then
      EFFECTS_LOST="$EFFECTS_LOST $el_unit"
    fi
  done <"$STAGE/manifest"
}

# restarts_first UNIT: sets RESTARTS_FIRST to the counter as it was in the first round.
restarts_first() {
  RESTARTS_FIRST=0
  while read -r rf_id _ _ _ _ rf_restarts _; do
    if [ "$rf_id" = "$1" ]; then
      RESTARTS_FIRST=$rf_restarts
    fi
  done <"$STAGE/units-first"
}

# check_unit_active UNIT: up, and the same process in two looks. After a start it must have stayed for a while: a
# program that rejects its flags may need a second or two until it does.
check_unit_active() {
  unit_get "$1"
  if ! unit_up; then
    REASON="it is $UNIT_ACTIVE ($UNIT_SUB)"
    return 1
  fi
  ca_seen='' ca_since=$UPTIME
  if [ -e "$STAGE/seen-$1" ]; then
    read -r ca_since ca_seen <"$STAGE/seen-$1"
  fi
  if [ "$ca_seen" = "$UNIT_RESTARTS $UNIT_INVOCATION" ]; then
    # shellcheck disable=SC2086 # a list of words
    if ! has_word "$1" $STARTED $RESTARTED || [ $((UPTIME - ca_since)) -ge "${PLINTH_SETTLE_SECONDS:-3}" ]; then
      return 0
    fi
    REASON="it has been up for only $((UPTIME - ca_since)) s"
    return 1
  fi
  printf '%s\n' "$UPTIME $UNIT_RESTARTS $UNIT_INVOCATION" >"$STAGE/seen-$1"
  REASON="it is not up for long yet"
  return 1
}

# http_get ARGUMENT…: a GET by curl with more ARGUMENTs; the body goes to STAGE/body. On failure REASON is curl's sentence, and the
# status is curl's.
http_get() {
  curl --fail-with-body --silent --show-error --connect-timeout 3 --max-time 8 --output "$STAGE/body" "$@" </dev/null 2>"$STAGE/curl.error"
  hg_code=$?
  if [ "$hg_code" = 0 ]; then
    return 0
  fi
  hg_error='' hg_body=''
  read -r hg_error <"$STAGE/curl.error" || :
  if [ -s "$STAGE/body" ]; then
    hg_body=$(awk '/failed|error|not / && n < 5 { printf "%s%s", n++ ? "; " : "", substr($0, 1, 200) }' "$STAGE/body")
  fi
  REASON="$hg_error${hg_body:+: $hg_body}"
  return "$hg_code"
}

# check_http_ok UNIT URL CAFILE [TEXT]: a GET answers 2xx (and the body holds TEXT). CAFILE `-`: the system's or none.
check_http_ok() {
  ch_url=$2 ch_ca=$3
  shift 3
  : >"$STAGE/body"
  if [ "$ch_ca" = - ]; then
    http_get "$ch_url" || return 1
  else
    http_get --cacert "$ROOT$ch_ca" "$ch_url" || return 1
  fi
  if [ -n "$*" ] && ! grep -qF -- "$*" "$STAGE/body"; then
    REASON="$ch_url answers, but not with '$*'"
    return 1
  fi
}

# check_https_client UNIT URL CA CERT KEY: a GET with a client certificate answers 2xx.
check_https_client() {
  : >"$STAGE/body"
  http_get --cacert "$ROOT$3" --cert "$ROOT$4" --key "$ROOT$5" "$2"
}

# check_tcp UNIT ADDRESS PORT: a connection is accepted.
check_tcp() {
  case $2 in
    *:*) ct_host="[$2]" ;;
    *) ct_host=$2 ;;
  esac
  # curl tells when the connection stood, whatever the other side says afterwards.
  ct_time=$(curl --silent --connect-timeout 2 --max-time 2 --output /dev/null --write-out '%{time_connect}' "http://$ct_host:$3/" </dev/null 2>/dev/null)
  case $ct_time in
    '' | 0 | 0.000000)
      REASON="$2 does not accept connections on port $3"
      return 1
      ;;
  esac
}

# check_address UNIT ADDRESS: an interface of this host has the address.
check_address() {
  if ! ip -o address show | awk -v wanted="$2" '{ split($4, a, "/"); if (a[1] == wanted) found = 1 } END { exit !found }'; then
    REASON="no interface has the address $2"
    return 1
  fi
}

# check_command UNIT COMMAND…: the rest of the line, run by sh, ends with 0 within 10 s.
check_command() {
  shift
  if ! timeout 10 sh -c "$*" >"$STAGE/command" 2>&1 </dev/null; then
    cd_line=
    while read -r cd_next; do
      cd_line=$cd_next
    done <"$STAGE/command"
    REASON="\`$*\` failed${cd_line:+: $cd_line}"
    return 1
  fi
}

# check_sysctl UNIT KEY WORD…: the kernel parameter has the value, wherever the key, which may be a pattern, leads.
check_sysctl() {
  cs_key=$2
  cs_path=$(printf '%s' "$2" | tr ./ /.)
  shift 2
  for cs_file in "$ROOT/proc/sys/"$cs_path; do
    if [ ! -e "$cs_file" ]; then
      REASON="this kernel has no parameter $cs_key"
      return 1
    fi
    cs_value=$(tr -s '[:space:]' ' ' <"$cs_file")
    if [ "${cs_value% }" != "$*" ]; then
      REASON="the kernel parameter $cs_key is ${cs_value% }, expected $*"
      return 1
    fi
  done
}

# check_swap_off UNIT: no swap is on, but for that of the machine around a container.
check_swap_off() {
  if [ -e "$ROOT/run/systemd/container" ]; then
    return 0
  fi
  while read -r co_device _; do
    if [ "$co_device" != Filename ]; then
      REASON="swap is on: $co_device"
      return 1
    fi
  done <"$ROOT/proc/swaps"
}

# check_if_bundle UNIT BUNDLE CHECK ARGUMENTS…: CHECK, where BUNDLE is complete on this host; nothing is asked where it is
# not. For what a restart takes along (PartOf=): it must be back before the next host is changed.
check_if_bundle() {
  ci_unit=$1 ci_bundle=$STATE/bundles/$2
  if [ ! -e "$ci_bundle/manifest" ] || [ -e "$ci_bundle/intent" ]; then
    return 0
  fi
  ci_check=$3
  shift 3
  check "$ci_check" "$ci_unit" "$@"
}

# check_if_file UNIT PATH CHECK ARGUMENTS…: CHECK, where PATH exists; nothing is asked before. For what a service can only do
# once others have given it something.
check_if_file() {
  if [ ! -e "$ROOT$2" ]; then
    return 0
  fi
  ci_unit=$1 ci_check=$3
  shift 3
  check "$ci_check" "$ci_unit" "$@"
}
