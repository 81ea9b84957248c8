# Status: what is on this host and whether it still is as it was left. Read-only.

# status [--verify]: one line of JSON; --verify hashes binaries again, too. What differs is told by kind and name, with a
# sentence without a subject; contents of files are never shown. Kinds:
#   file missing-file mode directory      what is on disk
#   binary link                           executables of ours, and the links to them
#   unit-stopped unit-disabled unit-masked unit-missing
#   package user sysctl swap              what a bundle needs besides
#   group module service                  likewise, of roles
status() {
  local claim text comma
  VERIFY=
  case ${1-} in
    '') ;;
    --verify) VERIFY=yes ;;
    *) die "$EXIT_BAD_INPUT" "unknown option $1 of status" ;;
  esac
  stage_make
  claim_read
  claim=null
  if [ -n "$CLAIM_ID" ]; then
    claim="{\"cluster\":\"$CLAIM_CLUSTER\",\"clusterId\":\"$CLAIM_ID\",\"host\":\"$CLAIM_HOST\",\"stack\":\"$CLAIM_STACK\"}"
  elif [ ! -e "$STATE/order" ]; then
    printf '{"claim":null,"bundles":[]}\n'
    return
  fi
  script_state
  text="{\"claim\":$claim,\"script\":\"$SCRIPT_STATE\",\"bundles\":["
  comma=
  if [ -e "$STATE/order" ]; then
    while read -r BUNDLE; do
      HOME_DIR=$STATE/bundles/$BUNDLE
      bundle_status
      text="$text$comma$JSON"
      comma=,
    done <"$STATE/order"
  fi
  printf '%s\n' "$text]}"
}

# script_state: sets SCRIPT_STATE to ok, changed or missing.
script_state() {
  local installed
  SCRIPT_STATE=ok
  if ! script_digest; then
    SCRIPT_STATE=missing
  elif [ -e "$STATE/script" ]; then
    read -r installed <"$STATE/script" || :
    if [ "$installed" != "$SCRIPT_DIGEST" ]; then
      SCRIPT_STATE=changed
    fi
  fi
}

# differs KIND NAME DETAIL
differs() {
  printf '%s %s %s\n' "$1" "$2" "$3" >>"$STAGE/drift"
}

# bundle_status: sets JSON to the object that describes BUNDLE.
bundle_status() {
  local text
  bundle_state
  text="{\"bundle\":\"$BUNDLE\",\"generation\":$GENERATION,\"state\":\"$BUNDLE_STATE\""
  if [ -n "$BUNDLE_REASON" ]; then
    text="$text,\"reason\":$(printf '%s' "$BUNDLE_REASON" | json_text)"
  fi
  BUNDLE_UNITS='' UNIT_STATES=
  : >"$STAGE/drift" && : >"$STAGE/binaries"
  if [ -e "$HOME_DIR/manifest" ]; then
    manifest_compare
    units_compare
  fi
  JSON="$text,\"units\":{$UNIT_STATES},\"drift\":$(drift_json)}"
}

# drift_json: STAGE/drift as a JSON list, each difference once.
drift_json() {
  awk '
    function text(s) { gsub(/\\/, "\\\\", s); gsub(/"/, "\\\"", s); gsub(/[\001-\037]/, " ", s); return "\"" s "\"" }
    BEGIN { printf "[" }
    !(($1 " " $2) in seen) {
      seen[$1 " " $2] = 1
      detail = $0
      sub(/^[^ ]+ [^ ]+ ?/, "", detail)
      printf "%s{\"kind\":%s,\"name\":%s,\"detail\":%s}", n++ ? "," : "", text($1), text($2), text(detail)
    }
    END { printf "]" }' "$STAGE/drift"
}

# manifest_compare: notes in STAGE/drift what is not as the manifest of BUNDLE says, and sets BUNDLE_UNITS to its units.
manifest_compare() {
  local kind words
  while read -r kind words; do
    set -f
    # shellcheck disable=SC2086 # the manifest's words
    set -- $words
    set +f
    case $kind in
      bundle | generation | user | package | directory | resource | binary | unit | require | judge | prepare | check) printf '%s\n' "$kind $words" ;;
      # Kept content is not looked for: what is on disk either is what the manifest says or it is drift.
      file)
        case $4 in
          link:*) printf '%s\n' "file $words" ;;
          *) printf '%s\n' "file $1 $2 $3 =$4 $5 $6 ${7-}" ;;
        esac
        ;;
    esac
    case $kind in
      user) getent passwd "$1" >/dev/null || differs user "$1" "is missing" ;;
      package) package_there "$2" || differs package "$1" "its command $2 is missing" ;;
      binary)
        binary_directory "$1" "$2" "$3"
        printf '%s\n' "$OPT/$BINARY_DIR/$1 $3" >>"$STAGE/binaries"
        ;;
      unit) BUNDLE_UNITS="$BUNDLE_UNITS $1" ;;
      # What a service answers is for `up` and the status of the cluster.
      check) effect_compare "$@" ;;
    esac
  done <"$HOME_DIR/manifest" >"$STAGE/plan-status"
  binaries_compare
  changes_compute "$STAGE/plan-status" && cat "$STAGE/differences" >>"$STAGE/drift"
}

# binaries_compare: notes which of STAGE/binaries, lines FILE SHA, is not as it was verified. With --verify their bytes are read again.
binaries_compare() {
  local file sha size
  if [ ! -s "$STAGE/binaries" ]; then
    return 0
  fi
  while read -r file _; do
    if [ -f "$file" ]; then
      printf '%s\n' "$file"
    fi
  done <"$STAGE/binaries" >"$STAGE/binary-files"
  xargs -r stat -L -c '%n %a %s' <"$STAGE/binary-files" >"$STAGE/binary-stat"
  if [ -n "$VERIFY" ]; then
    digests <"$STAGE/binary-files" >"$STAGE/binary-sums"
  else
    while read -r file; do
      if [ -f "$file.sha256" ] && read -r sha size <"$file.sha256"; then
        printf '%s\n' "$sha $file $size"
      fi
    done <"$STAGE/binary-files" >"$STAGE/binary-sums"
  fi
  awk -v root="$ROOT" -v verify="$VERIFY" '
    section == "stat" { mode[$1] = $2; size[$1] = $3; next }
    section == "sums" { sub(/^\*/, "", $2); sum[$2] = $1; verified[$2] = $3; next }
    {
      path = substr($1, length(root) + 1)
      if (!($1 in mode)) { print "binary " path " is missing"; next }
      if (verify != "") { if (sum[$1] != $2) print "binary " path " its sha256 is " sum[$1] ", expected " $2 }
      else if (sum[$1] != $2 || verified[$1] != size[$1]) print "binary " path " its size is another"
      if (mode[$1] != 755) print "mode " path " its mode is " mode[$1] ", expected 755"
    }' section=stat "$STAGE/binary-stat" section=sums "$STAGE/binary-sums" section=binaries "$STAGE/binaries" >>"$STAGE/drift"
}

# effect_compare CHECK SECONDS UNIT ARGUMENTS…: checks of the kernel's state.
effect_compare() {
  local check unit
  REASON=''
  check=$1 unit=$3
  shift 3
  case $check in
    sysctl) check_sysctl "$unit" "$@" || differs sysctl "$1" "$REASON" ;;
    swap-off) check_swap_off "$unit" || differs swap "${REASON##* }" "$REASON" ;;
  esac
}

# units_compare: sets UNIT_STATES to the state of each unit, and notes those that are not up, or will not be after a boot.
units_compare() {
  local unit
  # shellcheck disable=SC2086 # a list of words
  if [ -z "$BUNDLE_UNITS" ] || ! units_show $BUNDLE_UNITS; then
    return 0
  fi
  for unit in $BUNDLE_UNITS; do
    unit_get "$unit"
    UNIT_STATES="$UNIT_STATES${UNIT_STATES:+,}\"$unit\":\"$UNIT_ACTIVE\""
    case $UNIT_LOAD in
      loaded) ;;
      masked) differs unit-masked "$unit" "is masked" ;;
      *) differs unit-missing "$unit" "systemd does not know it ($UNIT_LOAD)" ;;
    esac
    if ! unit_up; then
      differs unit-stopped "$unit" "is $UNIT_ACTIVE ($UNIT_SUB)"
    fi
    case $UNIT_LOAD-$UNIT_FILE in
      loaded-disabled | loaded-- | loaded-linked | loaded-enabled-runtime) differs unit-disabled "$unit" "is not started at boot ($UNIT_FILE)" ;;
    esac
  done
}
