# Status: what is on this host and whether it still is as it was left. Read-only.

# status [--verify]: one line of JSON; --verify hashes binaries again, too. What differs is told by kind and name, with a
# sentence without a subject; contents of files are never shown. Kinds:
#   file missing-file mode directory      what is on disk
#   binary link                           executables of ours, and the links to them
#   unit-stopped unit-disabled unit-masked unit-missing
#   package user sysctl swap              what a bundle needs besides
status() {
  su_verify=
  case ${1-} in
    '') ;;
    --verify) su_verify=yes ;;
    *) die "$EXIT_BAD_INPUT" "unknown option $1 of status" ;;
  esac
  stage_make
  claim_read
  su_claim=null
  if [ -n "$CLAIM_ID" ]; then
    su_claim="{\"cluster\":\"$CLAIM_CLUSTER\",\"clusterId\":\"$CLAIM_ID\",\"host\":\"$CLAIM_HOST\",\"stack\":\"$CLAIM_STACK\"}"
  elif [ ! -e "$STATE/order" ]; then
    printf '{"claim":null,"bundles":[]}\n'
    return
  fi
  script_state
  su_text="{\"claim\":$su_claim,\"script\":\"$SCRIPT_STATE\",\"bundles\":["
  su_comma=
  if [ -e "$STATE/order" ]; then
    while read -r BUNDLE; do
      HOME_DIR=$STATE/bundles/$BUNDLE
      bundle_status
      su_text="$su_text$su_comma$JSON"
      su_comma=,
    done <"$STATE/order"
  fi
  printf '%s\n' "$su_text]}"
}

# script_state: sets SCRIPT_STATE to ok, changed or missing.
script_state() {
  SCRIPT_STATE=ok
  if ! script_digest; then
    SCRIPT_STATE=missing
  elif [ -e "$STATE/script" ]; then
    read -r sc_installed <"$STATE/script" || :
    if [ "$sc_installed" != "$SCRIPT_DIGEST" ]; then
      SCRIPT_STATE=changed
    fi
  fi
}

# bundle_state: sets BUNDLE_STATE to complete, half-done or failed, BUNDLE_REASON and GENERATION.
bundle_state() {
  BUNDLE_STATE=complete BUNDLE_REASON='' GENERATION=0
  if [ -e "$HOME_DIR/manifest" ]; then
    while read -r bs_kind bs_value; do
      case $bs_kind in
        generation)
          GENERATION=$bs_value
          break
          ;;
      esac
    done <"$HOME_DIR/manifest"
  fi
  if [ -e "$HOME_DIR/intent" ]; then
    BUNDLE_STATE=half-done
    while read -r bs_kind bs_value; do
      case $bs_kind in
        generation) GENERATION=$bs_value ;;
        failed) BUNDLE_STATE=failed BUNDLE_REASON=$bs_value ;;
      esac
    done <"$HOME_DIR/intent"
  elif [ ! -e "$HOME_DIR/manifest" ]; then
    BUNDLE_STATE=half-done
  fi
}

# differs KIND NAME DETAIL
differs() {
  printf '%s %s %s\n' "$1" "$2" "$3" >>"$STAGE/drift"
}

# bundle_status: sets JSON to the object that describes BUNDLE.
bundle_status() {
  bundle_state
  bt_text="{\"bundle\":\"$BUNDLE\",\"generation\":$GENERATION,\"state\":\"$BUNDLE_STATE\""
  if [ -n "$BUNDLE_REASON" ]; then
    bt_text="$bt_text,\"reason\":$(printf '%s' "$BUNDLE_REASON" | json_text)"
  fi
  bt_units='' bt_states=
  : >"$STAGE/drift"
  if [ -e "$HOME_DIR/manifest" ]; then
    manifest_compare
    units_compare
  fi
  JSON="$bt_text,\"units\":{$bt_states},\"drift\":$(drift_json)}"
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

# manifest_compare: notes in STAGE/drift what is not as the manifest of BUNDLE says, and sets bt_units to its units.
manifest_compare() {
  while read -r mc_kind mc_a mc_b mc_c mc_d mc_e mc_f mc_g; do
    case $mc_kind in
      bundle | generation | user | package | directory | unit | require | prepare | check)
        printf '%s\n' "$mc_kind $mc_a${mc_b:+ $mc_b}${mc_c:+ $mc_c}${mc_d:+ $mc_d}${mc_e:+ $mc_e}${mc_f:+ $mc_f}${mc_g:+ $mc_g}"
        ;;
      binary) printf '%s\n' "$mc_kind $mc_a $mc_b $mc_c $mc_d $mc_e $mc_f" ;;
      # Kept content is not looked for: what is on disk either is what the manifest says or it is drift.
      file) printf '%s\n' "file $mc_a $mc_b $mc_c =$mc_d $mc_e $mc_f $mc_g" ;;
    esac
    case $mc_kind in
      user) getent passwd "$mc_a" >/dev/null || differs user "$mc_a" "is missing" ;;
      package) command -v "$mc_b" >/dev/null || differs package "$mc_a" "its command $mc_b is missing" ;;
      binary) binary_compare "$mc_a" "$mc_b" "$mc_c" ;;
      unit) bt_units="$bt_units $mc_a" ;;
      # What a service answers is for `up` and the status of the cluster.
      check) effect_compare "$mc_a" "$mc_c" "$mc_d${mc_e:+ $mc_e}${mc_f:+ $mc_f}${mc_g:+ $mc_g}" ;;
    esac
  done <"$HOME_DIR/manifest" >"$STAGE/plan-status"
  changes_compute "$STAGE/plan-status" && cat "$STAGE/differences" >>"$STAGE/drift"
}

# binary_compare NAME VERSION SHA
binary_compare() {
  binary_directory "$1" "$2" "$3"
  bp_file=$OPT/$BINARY_DIR/$1
  if [ -n "$su_verify" ]; then
    binary_wrong "$bp_file" "$3" && differs binary "/opt/plinth/$BINARY_DIR/$1" "$WRONG"
  elif ! binary_verified "$bp_file" "$3"; then
    WRONG="its size is another"
    if [ ! -f "$bp_file" ]; then
      WRONG="is missing"
    fi
    differs binary "/opt/plinth/$BINARY_DIR/$1" "$WRONG"
  fi
  if [ -f "$bp_file" ]; then
    bp_mode=$(stat -c %a "$bp_file")
    if [ "$bp_mode" != 755 ]; then
      differs mode "/opt/plinth/$BINARY_DIR/$1" "its mode is $bp_mode, expected 755"
    fi
  fi
}

# effect_compare CHECK UNIT ARGUMENTS: checks of the kernel's state.
effect_compare() {
  REASON=''
  ef_check=$1 ef_unit=$2
  set -f
  # shellcheck disable=SC2086 # the manifest's words
  set -- $3
  set +f
  case $ef_check in
    sysctl) check_sysctl "$ef_unit" "$@" || differs sysctl "$1" "$REASON" ;;
    swap-off) check_swap_off "$ef_unit" || differs swap "${REASON##* }" "$REASON" ;;
  esac
}

# units_compare: sets bt_states to the state of each unit, and notes those that are not up, or will not be after a boot.
units_compare() {
  # shellcheck disable=SC2086 # a list of words
  if [ -z "$bt_units" ] || ! units_show $bt_units; then
    return 0
  fi
  for uo_unit in $bt_units; do
    unit_get "$uo_unit"
    bt_states="$bt_states${bt_states:+,}\"$uo_unit\":\"$UNIT_ACTIVE\""
    case $UNIT_LOAD in
      loaded) ;;
      masked) differs unit-masked "$uo_unit" "is masked" ;;
      *) differs unit-missing "$uo_unit" "systemd does not know it ($UNIT_LOAD)" ;;
    esac
    if ! unit_up; then
      differs unit-stopped "$uo_unit" "is $UNIT_ACTIVE ($UNIT_SUB)"
    fi
    case $UNIT_LOAD-$UNIT_FILE in
      loaded-disabled | loaded-- | loaded-linked | loaded-enabled-runtime) differs unit-disabled "$uo_unit" "is not started at boot ($UNIT_FILE)" ;;
    esac
  done
}
