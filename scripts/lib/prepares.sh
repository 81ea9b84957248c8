# Prepares: what must be done before the units of a bundle start, and may take its time. Each `prepare_NAME UNIT ARGUMENTS…` tries once,
# returns 0 when it is done (or was), and sets REASON when not; PERMANENT besides where another try is no use. Tried one after the other
# in every run, so each first looks whether there is anything to do.

# Known prepares and the least number of their arguments; `stream_read` refuses others.
PREPARE_ARGUMENTS="etcd-join:8"
# Files that a prepare sees to, `NAME:PATH`, in no manifest: they tell what was found on the way, not what was planned.
PREPARE_YIELDS="etcd-join:$ETCD_BOOTSTRAP"

# prepares_run: carries out the prepares of STAGE/manifest. Returns 1 with FAILURE, BLAMED, FAILED_PREPARE and FAILED_AFTER set.
prepares_run() {
  rm -f "$STAGE/prepares"
  while read -r pr_kind pr_line; do
    if [ "$pr_kind" = prepare ]; then
      printf '%s\n' "$pr_line" >>"$STAGE/prepares"
    fi
  done <"$STAGE/manifest"
  if [ ! -e "$STAGE/prepares" ]; then
    return 0
  fi
  while read -r pr_name pr_seconds pr_unit pr_arguments; do
    prepare_wait "$pr_name" "$pr_seconds" "$pr_unit" || return 1
  done <"$STAGE/prepares"
}

# prepare_wait NAME SECONDS UNIT, with pr_arguments.
prepare_wait() {
  uptime_seconds
  pw_begin=$UPTIME pw_pause=1 PERMANENT=
  while :; do
    REASON=
    set -f
    # shellcheck disable=SC2086 # the stream's words
    if prepare "$1" "$3" $pr_arguments; then
      return 0
    fi
    uptime_seconds
    if [ -n "$PERMANENT" ] || [ $((UPTIME - pw_begin)) -ge "$2" ]; then
      FAILURE=${REASON:-it did not succeed} BLAMED=${3#-}
      FAILED_PREPARE=$1 FAILED_AFTER=$((UPTIME - pw_begin))
      return 1
    fi
    sleep "$pw_pause"
    if [ "$pw_pause" -lt 5 ]; then
      pw_pause=$((pw_pause + 1))
    fi
  done
}

# prepare NAME UNIT ARGUMENTS…
prepare() {
  pp_name=$1
  shift
  # The words have been split.
  set +f
  case $pp_name in
    etcd-join) prepare_etcd_join "$@" ;;
  esac
}
