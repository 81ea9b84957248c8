# Confirm: a change that may cut this host off stays only if the operator's run reaches the host anew in time (`confirm SECONDS` of a
# bundle). Otherwise the host returns by itself to what it was before.
#
# The return is armed before the first change, by a timer of systemd's that outlives a boot. In the bundle's directory
#   return        lines seconds, boot and uptime: since when it is armed, and for how long
#   unconfirmed/  manifest and ops of a change that is done and waits to be confirmed; the intent stays until then

BOOT_ID_FILE=/proc/sys/kernel/random/boot_id
# How the reason goes on of what cannot be taken back, and how it ends of what is not there any more.
ON_THE_WAY="; then, on the way back: "
RETURNED=", so the host has returned to what it was before"

# confirm_wanted PLAN: sets CONFIRM to the seconds within which the change is to be confirmed, or to nothing.
confirm_wanted() {
  CONFIRM=$(awk '$1 == "confirm" { print $2; exit }' "$1")
}

# confirm_arm: the host returns CONFIRM seconds from now. Returns 1 with FAILURE set.
confirm_arm() {
  local unit boot error
  unit=plinth-return-$BUNDLE
  FAILURE="cannot write under $STATE (is the disk full or read-only?)"
  read -r boot <"$BOOT_ID_FILE" || return 1
  uptime_seconds
  printf 'seconds %s\nboot %s\nuptime %s\n' "$CONFIRM" "$boot" "$UPTIME" | write_atomic "$HOME_DIR/return" 0600 || return 1
  FAILURE="cannot write $UNITS_PATH/$unit.timer"
  write_atomic "$ROOT$UNITS_PATH/$unit.service" 0644 <<END || return 1
[Unit]
Description=Return from a change of the bundle $BUNDLE that nobody has confirmed

[Service]
Type=oneshot
ExecStart=$SCRIPTS_PATH/plinth-host return $BUNDLE
# Another run may have the host's lock for as long as it takes.
TimeoutStartSec=infinity
Restart=on-failure
RestartSec=30
END
  write_atomic "$ROOT$UNITS_PATH/$unit.timer" 0644 <<END || return 1
[Unit]
Description=Return from a change of the bundle $BUNDLE unless it is confirmed

[Timer]
OnActiveSec=$CONFIRM
AccuracySec=1

[Install]
WantedBy=timers.target
END
  if ! error=$({ control 90 daemon-reload && control 60 enable "$unit.timer" && control 60 restart "$unit.timer"; } 2>&1); then
    FAILURE="cannot start $unit.timer: ${error##*"$NEWLINE"}"
    return 1
  fi
  FAILURE=
}

# confirm_disarm: the host does not return any more from a change of BUNDLE.
confirm_disarm() {
  local unit
  unit=plinth-return-$BUNDLE
  # Without this file, a return that has begun to wait for the lock does nothing.
  rm -f "$HOME_DIR/return" && rm -rf "$HOME_DIR/unconfirmed" || return 1
  if [ -e "$ROOT$UNITS_PATH/$unit.timer" ] || [ -e "$ROOT$UNITS_PATH/$unit.service" ]; then
    control 60 disable --now "$unit.timer" >/dev/null 2>&1 || :
    rm -f "$ROOT$UNITS_PATH/$unit.timer" "$ROOT$UNITS_PATH/$unit.service" || return 1
    control 90 daemon-reload >/dev/null 2>&1 || :
  fi
}

# confirm_await: the change is done, and waits to be confirmed from now on. Returns 1 with FAILURE set.
confirm_await() {
  FAILURE="cannot write under $STATE (is the disk full or read-only?)"
  mkdir -p "$HOME_DIR/unconfirmed" && write_atomic "$HOME_DIR/unconfirmed/ops" 0600 <"$STAGE/ops" &&
    write_atomic "$HOME_DIR/unconfirmed/manifest" 0600 <"$STAGE/manifest" && confirm_arm
}

# return_due: whether the time to confirm is over; sets RETURN_SECONDS. Another boot than that of the change has waited on its own.
return_due() {
  local key value boot armed_boot armed_at
  RETURN_SECONDS=0 armed_boot='' armed_at=0
  while read -r key value; do
    case $key in
      seconds) RETURN_SECONDS=$value ;;
      boot) armed_boot=$value ;;
      uptime) armed_at=$value ;;
    esac
  done <"$HOME_DIR/return"
  read -r boot <"$BOOT_ID_FILE" || :
  uptime_seconds
  [ "$boot" != "$armed_boot" ] || [ $((UPTIME - armed_at)) -ge "$RETURN_SECONDS" ]
}

# bundle_take VERB [BUNDLE]: sets BUNDLE and HOME_DIR, and takes the host's lock.
bundle_take() {
  case ${2-} in
    '' | *[!a-z0-9-]* | -*) die "$EXIT_BAD_INPUT" "$1 needs the name of a bundle" ;;
  esac
  stage_make
  claim_read
  # A bundle may fetch for fifteen minutes (fetch.sh).
  PLINTH_LOCK_SECONDS=${PLINTH_LOCK_SECONDS:-900}
  lock_take "$1 bundle $2"
  BUNDLE=$2
  HOME_DIR=$STATE/bundles/$BUNDLE
}

# confirm_bundle BUNDLE: the change stays.
confirm_bundle() {
  bundle_take confirm "$@"
  if [ ! -e "$HOME_DIR/return" ]; then
    bundle_state
    if [ "$BUNDLE_STATE" != complete ]; then
      die "$EXIT_FAILED" "the change of bundle $BUNDLE cannot be confirmed: ${BUNDLE_REASON:-it is half done}; correct the cause and run again"
    fi
  elif [ ! -e "$HOME_DIR/unconfirmed/manifest" ]; then
    die "$EXIT_FAILED" "the change of bundle $BUNDLE cannot be confirmed: it was cut off, and the host returns to what it was before; run again"
  elif ! { cp "$HOME_DIR/unconfirmed/manifest" "$HOME_DIR/unconfirmed/ops" "$STAGE" && apply_commit && confirm_disarm; }; then
    die "$EXIT_FAILED" "the change of bundle $BUNDLE is done, but it could not be written down under $STATE (is the disk full?); run again"
  fi
  printf '{"bundle":"%s","host":"%s","confirmed":true}\n' "$BUNDLE" "$HOST"
}

# return_bundle BUNDLE: back to what was there before a change that nobody has confirmed. The engine's state says that the change is there:
# the intent, with why it is not, makes the next run do it again.
return_bundle() {
  local reason second
  bundle_take return "$@"
  if [ ! -e "$HOME_DIR/return" ] || [ ! -e "$HOME_DIR/intent" ]; then
    confirm_disarm || die "$EXIT_FAILED" "cannot write under $STATE or $UNITS_PATH (is the disk full or read-only?)"
    return
  fi
  # Another run has come in between, and has begun the time anew; it may have been cut off before it told systemd so.
  if ! return_due; then
    control 60 restart "plinth-return-$BUNDLE.timer" || die "$EXIT_FAILED" "cannot start plinth-return-$BUNDLE.timer again"
    return
  fi
  bundle_state
  case $BUNDLE_REASON in
    # An earlier return was cut off at its end.
    *"$RETURNED")
      rm -rf "$HOME_DIR/previous"
      confirm_disarm || die "$EXIT_FAILED" "cannot write under $STATE (is the disk full?)"
      return
      ;;
  esac
  HIT_RESTART='' HIT_RELOAD='' HIT_DAEMON_RELOAD=''
  if [ "$BUNDLE_STATE" = failed ]; then
    # That of an earlier try stands for this one, too.
    reason=${BUNDLE_REASON%"$ON_THE_WAY"*}
  elif [ ! -e "$HOME_DIR/unconfirmed/manifest" ]; then
    reason="the change was cut off"
  else
    reason="nobody has reached this host anew within $RETURN_SECONDS s of the change"
  fi
  intent_read
  if ! rollback_converge; then
    second=$(failure_sentence)
    intent_write "$reason$ON_THE_WAY$second" || :
    die "$EXIT_FAILED" "bundle $BUNDLE is half done: $second"
  fi
  reason=$reason$RETURNED
  HIT_RESTART='' HIT_RELOAD='' HIT_DAEMON_RELOAD=''
  : >"$STAGE/owns"
  if ! { return_manifest && intent_write "$reason" && rm -rf "$HOME_DIR/previous" && confirm_disarm; }; then
    die "$EXIT_FAILED" "the previous state is back, but it could not be written down under $STATE (is the disk full?)"
  fi
  originals_forget
  resources_forget
  say "$reason"
}

# return_manifest: where there was nothing before the change, that there is nothing now but directories with data.
return_manifest() {
  [ -e "$HOME_DIR/manifest" ] || write_atomic "$HOME_DIR/manifest" 0600 <"$STAGE/manifest"
}
