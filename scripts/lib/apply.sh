# Apply: one bundle from stdin to the host. See `changes_compute` for what is compared and `converge` for the order.

apply() {
  local problems line busy path
  CONFIRM=
  stage_make
  claim_read
  if [ -z "$CLAIM_ID" ]; then
    die "$EXIT_REFUSED" "this host is not claimed by a cluster; run \`plinth-host claim\` first (\`plinth up\` does)"
  fi
  stream_read
  # Bundles of one host wait for each other, and one may fetch for fifteen minutes (fetch.sh).
  PLINTH_LOCK_SECONDS=${PLINTH_LOCK_SECONDS:-900}
  lock_take "bundle $BUNDLE"
  # The claim may have changed hands while we waited.
  claim_read
  if [ -z "$CLAIM_ID" ]; then
    die "$EXIT_REFUSED" "this host was released while bundle $BUNDLE waited for its lock; nothing was changed"
  fi
  restore_bars "bundle $BUNDLE"
  links_adopt || die "$EXIT_FAILED" "cannot write under $STATE (is the disk full or read-only?); nothing was changed"
  HOME_DIR=$STATE/bundles/$BUNDLE
  # A release that was cut off is given up: the host is wanted again, and what comes to be from now on is set aside on its own.
  if [ -e "$STATE/release" ] && ! { rm -f "$STATE/release" && sync "$STATE"; }; then
    die "$EXIT_FAILED" "cannot write under $STATE (is the disk full or read-only?); nothing was changed"
  fi
  if ! { fetch_all "$STAGE/plan" && packages_install "$STAGE/plan" && users_make "$STAGE/plan"; }; then
    die "$EXIT_FAILED" "$FAILURE; no file was changed"
  fi
  changes_compute "$STAGE/plan" || die "$EXIT_FAILED" "cannot compare the bundle $BUNDLE with the host"
  if [ -s "$STAGE/problems" ]; then
    problems=
    while read -r line; do
      problems="$problems${problems:+; }$line"
    done <"$STAGE/problems"
    die "$EXIT_BAD_INPUT" "$problems; nothing was changed"
  fi
  if ! owners_exist "$STAGE/plan" "$STAGE/resources"; then
    die "$EXIT_FAILED" "$FAILURE; no file was changed"
  fi
  intent_read
  hits_merge
  VALIDATED=$STAGE/plan
  if ! validations_run first; then
    die "$EXIT_BAD_INPUT" "$FAILURE; nothing was changed"
  fi
  judges_run
  requires_run
  busy=
  if [ -s "$STAGE/ops" ] || [ -e "$HOME_DIR/intent" ]; then
    busy=yes
    FAILURE=
    if ! { bundle_remember && save_originals && resources_remember && keep_previous && intent_write; }; then
      die "$EXIT_FAILED" "${FAILURE:-cannot write under $STATE (is the disk full or read-only?)}; no file was changed"
    fi
    confirm_wanted "$STAGE/plan"
    # What waited to be confirmed is not what is on the host from here on.
    rm -rf "$HOME_DIR/unconfirmed"
    if [ -n "$CONFIRM" ] && ! confirm_arm; then
      apply_unarmed
    fi
  fi
  if ! converge "$HIT_RESTART" "$HIT_RELOAD" || { [ -n "$CONFIRM" ] && ! confirm_await; }; then
    apply_failed "$busy"
  fi
  if [ -z "$CONFIRM" ] && ! { bundle_remember && apply_commit && confirm_disarm; }; then
    die "$EXIT_FAILED" "everything is applied, but it could not be written down under $STATE (is the disk full?); run again"
  fi
  # shellcheck disable=SC2086 # a list of words
  for path in $REFETCHED; do
    has_word "$path" $CHANGED || CHANGED="$CHANGED $path"
  done
  report
}

# apply_unarmed: ends the script where a change cannot be made because the host could not return from it.
apply_unarmed() {
  local reason
  reason=$FAILURE
  intent_write "$reason" || :
  die "$EXIT_FAILED" "$reason; no file was changed"
}

# bundle_remember: the bundle's place in the order, for `release` to go backwards.
bundle_remember() {
  if [ ! -d "$HOME_DIR" ]; then
    mkdir -p "$HOME_DIR" && sync "$STATE/bundles" || return 1
  fi
  remember order "$BUNDLE"
}

# apply_commit: the manifest first, then the intent goes: in between, a run would restart units once more, never once less.
apply_commit() {
  if [ ! -e "$HOME_DIR/manifest" ] || ! cmp -s "$STAGE/manifest" "$HOME_DIR/manifest"; then
    write_atomic "$HOME_DIR/manifest" 0600 <"$STAGE/manifest" || return 1
  fi
  if [ -e "$HOME_DIR/intent" ]; then
    rm -f "$HOME_DIR/intent" "$HOME_DIR"/.*.plinth && sync "$HOME_DIR" || return 1
    originals_forget
    resources_forget
  fi
  # Not with the intent: a run killed right after that must not leave replaced keys lying around.
  if [ -e "$HOME_DIR/previous" ]; then
    rm -rf "$HOME_DIR/previous"
  fi
  if [ -e "$HOME_DIR/replaced" ]; then
    rm -f "$HOME_DIR/replaced" && sync "$HOME_DIR" || return 1
  fi
  prune_binaries "$STAGE/manifest"
}

# apply_failed [yes]: tells why, then puts the previous state back if there is one, or marks the host as half done; `yes`: this run
# had something to change.
apply_failed() {
  local reason second back
  reason=$(failure_sentence)
  failure_say "$reason"
  if [ -z "$1" ]; then
    die "$EXIT_FAILED" "this run had changed no file, so there is nothing to put back"
  fi
  # To nothing a host goes back only where it would do that by itself, soon.
  if [ ! -e "$HOME_DIR/manifest" ] && [ -z "$CONFIRM" ]; then
    intent_write "$reason" || :
    die "$EXIT_FAILED" "bundle $BUNDLE is half done: there is no earlier state to put back; correct the cause and run again"
  fi
  back="the previous configuration was put back and is healthy"
  if [ -e "$HOME_DIR/manifest" ]; then
    say "putting the previous configuration of bundle $BUNDLE back"
  else
    back="what it had brought was taken back: there was nothing of it before"
    say "taking back what bundle $BUNDLE has brought"
  fi
  if rollback; then
    die "$EXIT_FAILED" "$back"
  fi
  second=$(failure_sentence)
  failure_say "$second"
  intent_write "$reason; then, with the previous configuration: $second" || :
  die "$EXIT_FAILED" "bundle $BUNDLE is half done: the previous configuration is not healthy either; correct the cause and run again"
}

# failure_sentence: prints what went wrong, from FAILURE, BLAMED, FAILED_CHECK, FAILED_PREPARE and FAILED_AFTER, and reads the blamed
# unit's log.
failure_sentence() {
  local text
  text=$FAILURE
  if [ -n "$FAILED_PREPARE" ]; then
    # The unit has not been started: its log is about something else.
    rm -f "$STAGE/journal"
    text="${BLAMED:-the host} could not be prepared within $FAILED_AFTER s (prepare $FAILED_PREPARE): $FAILURE"
  elif [ -n "$BLAMED" ]; then
    journal_read "$BLAMED"
    journal_reason
    if [ -n "$FAILED_CHECK" ]; then
      text="$BLAMED did not become healthy within $FAILED_AFTER s (check $FAILED_CHECK): $FAILURE"
    fi
    if [ -n "$REASON" ]; then
      case $text in
        *"$REASON"*) ;;
        *) text="$text; it logged: $REASON" ;;
      esac
    fi
  elif [ -n "$FAILED_CHECK" ]; then
    text="check $FAILED_CHECK did not pass within $FAILED_AFTER s: $FAILURE"
  fi
  printf '%s' "$text"
}

# failure_say SENTENCE: says it, with the blamed unit's last log lines as `failure_sentence` has read them.
failure_say() {
  if [ -n "$BLAMED" ] && [ -s "$STAGE/journal" ]; then
    say "$1; last log lines:"
    journal_tail >&2
  else
    say "$1"
  fi
}

# rollback: back to the manifest on disk, which is true then. Returns 1 with FAILURE set.
rollback() {
  rollback_converge && return_manifest || return 1
  rm -f "$HOME_DIR/intent" && sync "$HOME_DIR" && rm -rf "$HOME_DIR/previous"
  originals_forget
  resources_forget
  confirm_disarm
}

# rollback_converge: to what the manifest on disk says, with the contents kept in previous/; to nothing where there is none. Restarts or
# reloads what this run has touched, and what an earlier run left to restart or reload; units that this run never got to still run the
# previous state. What cannot be made or taken back besides files and units does not keep these from being as they were. Returns 1 with
# FAILURE set.
rollback_converge() {
  local touched restart reloads unit
  VALIDATED='' BACK=yes SPARED=''
  touched="$TOUCHED $INTENT_RESTART $INTENT_RELOAD"
  plan_of_manifest >"$STAGE/plan-previous"
  FAILURE="cannot compare the previous configuration with the host"
  BLAMED='' FAILED_CHECK='' FAILED_PREPARE=''
  rm -f "$STAGE"/seen-*
  changes_compute "$STAGE/plan-previous" || return 1
  if [ -s "$STAGE/problems" ]; then
    read -r FAILURE <"$STAGE/problems"
    return 1
  fi
  hits_merge
  TOUCHED='' TOUCHED_SINCE='' RESTARTED='' RELOADED='' STARTED=''
  restart=
  reloads=
  for unit in $touched; do
    # shellcheck disable=SC2086 # a list of words
    if has_word "$unit" $HIT_RELOAD; then
      reloads="$reloads $unit"
    else
      restart="$restart $unit"
    fi
  done
  converge "$restart" "$reloads" || return 1
  if [ -n "$SPARED" ]; then
    FAILURE=$SPARED
    return 1
  fi
}

# plan_of_manifest: prints the plan that the manifest on disk stands for, with the contents that the change under way has replaced.
plan_of_manifest() {
  local kind words
  if [ ! -e "$HOME_DIR/manifest" ]; then
    printf 'bundle %s\ngeneration %s\n' "$BUNDLE" "$GENERATION"
    return
  fi
  while read -r kind words; do
    # shellcheck disable=SC2086 # the manifest's words
    case $kind in
      plinth-manifest | end | left | mask | previous-binary) ;;
      file) file_kept "$HOME_DIR/previous" $words ;;
      *) printf '%s\n' "$kind $words" ;;
    esac
  done <"$HOME_DIR/manifest"
}

# file_kept DIRECTORY PATH MODE OWNER SHA RESTART RELOAD KIND: prints the plan's line for a file of the manifest, whose content is in
# DIRECTORY where the change has replaced it.
file_kept() {
  local source
  source="=$5"
  case $5 in
    link:*) source=$5 ;;
    *)
      if [ -f "$1$2" ]; then
        source=$1$2
      fi
      ;;
  esac
  printf '%s\n' "file $2 $3 $4 $source $6 $7 ${8-}"
}

# report: the one line on stdout.
report() {
  local versions kind name version text
  versions=
  while read -r kind name version _; do
    if [ "$kind" = binary ]; then
      versions="$versions${versions:+,}\"$name\":\"$version\""
    fi
  done <"$STAGE/manifest"
  text="{\"bundle\":\"$BUNDLE\",\"host\":\"$HOST\",\"generation\":$GENERATION"
  # shellcheck disable=SC2086 # lists of words
  {
    json_list $CHANGED $CHANGED_RESOURCES && text="$text,\"changed\":$JSON"
    json_list $REMOVED && text="$text,\"removed\":$JSON"
    json_list $RESTARTED && text="$text,\"restarted\":$JSON"
    json_list $RELOADED && text="$text,\"reloaded\":$JSON"
    json_list $STARTED && text="$text,\"started\":$JSON"
  }
  printf '%s\n' "$text,\"versions\":{$versions}}"
}
