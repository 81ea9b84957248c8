# Status: what is on this host and whether it still is as it was left. Read-only.

# status [--verify]: one line of JSON; --verify hashes binaries again, too.
status() {
  su_verify=
  case ${1-} in
    '') ;;
    --verify) su_verify=yes ;;
    *) die "$EXIT_BAD_INPUT" "unknown option $1 of status" ;;
  esac
  stage_make
  claim_read
  if [ -z "$CLAIM_ID" ]; then
    printf '{"claim":null,"bundles":[]}\n'
    return
  fi
  su_text="{\"claim\":{\"cluster\":\"$CLAIM_CLUSTER\",\"clusterId\":\"$CLAIM_ID\",\"host\":\"$CLAIM_HOST\",\"stack\":\"$CLAIM_STACK\"},\"bundles\":["
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

# bundle_status: sets JSON to the object that describes BUNDLE.
bundle_status() {
  bundle_state
  bt_text="{\"bundle\":\"$BUNDLE\",\"generation\":$GENERATION,\"state\":\"$BUNDLE_STATE\""
  if [ -n "$BUNDLE_REASON" ]; then
    bt_text="$bt_text,\"reason\":$(printf '%s' "$BUNDLE_REASON" | json_text)"
  fi
  bt_units='' bt_drift=
  if [ -e "$HOME_DIR/manifest" ]; then
    while read -r bt_kind bt_a bt_b bt_c bt_d bt_e bt_f bt_g; do
      case $bt_kind in
        bundle | generation | user | package | directory | unit | require | prepare | check)
          printf '%s\n' "$bt_kind $bt_a${bt_b:+ $bt_b}${bt_c:+ $bt_c}${bt_d:+ $bt_d}${bt_e:+ $bt_e}${bt_f:+ $bt_f}${bt_g:+ $bt_g}"
          if [ "$bt_kind" = unit ]; then
            bt_units="$bt_units $bt_a"
          fi
          ;;
        binary)
          printf '%s\n' "$bt_kind $bt_a $bt_b $bt_c $bt_d $bt_e $bt_f"
          binary_directory "$bt_a" "$bt_b" "$bt_c"
          if ! binary_verified "$OPT/$BINARY_DIR/$bt_a" "$bt_c"; then
            bt_drift="$bt_drift /opt/plinth/$BINARY_DIR/$bt_a"
          elif [ -n "$su_verify" ]; then
            bt_sha=$(sha256sum "$OPT/$BINARY_DIR/$bt_a")
            if [ "${bt_sha%% *}" != "$bt_c" ]; then
              bt_drift="$bt_drift /opt/plinth/$BINARY_DIR/$bt_a"
            fi
          fi
          ;;
        # Kept content is not looked for: what is on disk either is what the manifest says or it is drift.
        file) printf '%s\n' "file $bt_a $bt_b $bt_c =$bt_d $bt_e $bt_f $bt_g" ;;
      esac
    done <"$HOME_DIR/manifest" >"$STAGE/plan-status"
    changes_compute "$STAGE/plan-status"
    while read -r bt_op bt_a bt_b _; do
      case $bt_op in
        write) bt_drift="$bt_drift $bt_b" ;;
        link) bt_drift="$bt_drift /opt/plinth/bin/$bt_a" ;;
        directory | unmask) bt_drift="$bt_drift $bt_a" ;;
      esac
    done <"$STAGE/ops"
  fi
  bt_states=
  # shellcheck disable=SC2086 # a list of words
  if [ -n "$bt_units" ] && units_show $bt_units; then
    for bt_unit in $bt_units; do
      unit_get "$bt_unit"
      bt_states="$bt_states${bt_states:+,}\"$bt_unit\":\"$UNIT_ACTIVE\""
    done
  fi
  # shellcheck disable=SC2086 # a list of words
  json_list $bt_drift
  JSON="$bt_text,\"units\":{$bt_states},\"drift\":$JSON}"
}
