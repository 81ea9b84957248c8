# How far a bundle got. A part of the host script and of the looks at a host.

# bundle_state: of the bundle whose files are in HOME_DIR, sets BUNDLE_STATE to complete, half-done or failed, BUNDLE_REASON and GENERATION.
bundle_state() {
  local kind value
  BUNDLE_STATE=complete BUNDLE_REASON='' GENERATION=0
  if [ -e "$HOME_DIR/manifest" ]; then
    while read -r kind value; do
      case $kind in
        generation)
          GENERATION=$value
          break
          ;;
      esac
    done <"$HOME_DIR/manifest"
  fi
  if [ -e "$HOME_DIR/intent" ]; then
    BUNDLE_STATE=half-done
    while read -r kind value; do
      case $kind in
        generation) GENERATION=$value ;;
        failed) BUNDLE_STATE=failed BUNDLE_REASON=$value ;;
      esac
    done <"$HOME_DIR/intent"
    if [ "$BUNDLE_STATE" = half-done ] && [ -e "$HOME_DIR/unconfirmed/manifest" ]; then
      BUNDLE_REASON="the change is done and waits to be confirmed"
    fi
  elif [ ! -e "$HOME_DIR/manifest" ]; then
    BUNDLE_STATE=half-done
  fi
}
