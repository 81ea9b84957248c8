# Prepares: what must be done before the units of a bundle start, and may take its time. Each `prepare_NAME UNIT ARGUMENTS…` tries once,
# returns 0 when it is done (or was), and sets REASON when not; PERMANENT besides where another try is no use. Tried one after the other
# in every run, so each first looks whether there is anything to do.

# Files that a prepare sees to, `NAME:PATH`, in no manifest: they tell what was found on the way, not what was planned.
PREPARE_YIELDS="etcd-join:$ETCD_BOOTSTRAP"

# prepares_run: carries out the prepares of STAGE/manifest. Returns 1 with FAILURE, BLAMED, FAILED_PREPARE and FAILED_AFTER set.
prepares_run() {
  local kind line name seconds unit arguments
  rm -f "$STAGE/prepares"
  while read -r kind line; do
    if [ "$kind" = prepare ]; then
      printf '%s\n' "$line" >>"$STAGE/prepares"
    fi
  done <"$STAGE/manifest"
  if [ ! -e "$STAGE/prepares" ]; then
    return 0
  fi
  while read -r name seconds unit arguments; do
    prepare_wait "$name" "$seconds" "$unit" "$arguments" || return 1
  done <"$STAGE/prepares"
}

# prepare_wait NAME SECONDS UNIT ARGUMENTS: the last in one word.
prepare_wait() {
  local begin pause
  uptime_seconds
  begin=$UPTIME pause=1 PERMANENT=
  while :; do
    REASON=
    set -f
    # shellcheck disable=SC2086 # the stream's words
    if prepare "$1" "$3" $4; then
      return 0
    fi
    uptime_seconds
    if [ -n "$PERMANENT" ] || [ $((UPTIME - begin)) -ge "$2" ]; then
      FAILURE=${REASON:-it did not succeed} BLAMED=${3#-}
      FAILED_PREPARE=$1 FAILED_AFTER=$((UPTIME - begin))
      return 1
    fi
    sleep "$pause"
    if [ "$pause" -lt 5 ]; then
      pause=$((pause + 1))
    fi
  done
}

# prepare NAME UNIT ARGUMENTS…
prepare() {
  local name
  name=$1
  shift
  # The words have been split.
  set +f
  case $name in
    etcd-join) prepare_etcd_join "$@" ;;
    node-current) prepare_node_current "$@" ;;
    join-anew) prepare_join_anew "$@" ;;
    keep-addresses) prepare_keep_addresses "$@" ;;
    release-addresses) prepare_release_addresses "$@" ;;
    selinux-contexts) prepare_selinux_contexts "$@" ;;
    selinux-booleans) prepare_selinux_booleans "$@" ;;
  esac
}
