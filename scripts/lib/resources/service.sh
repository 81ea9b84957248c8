# Resource: a unit whose file is somebody else's. That it runs is seen to by the bundle's units; this remembers how it was before, and
# brings it back once the files from before are there. `before` tells whether it was enabled, and whether it was active.

# resource_service VERB UNIT
resource_service() {
  local error
  case $1 in
    differs) return 1 ;;
    before)
      if units_show "$2"; then
        unit_get "$2"
        printf '%s %s\n' "$UNIT_FILE" "$UNIT_ACTIVE"
      fi
      ;;
    drop)
      case $BEFORE in
        'enabled '*)
          if ! error=$(control 60 enable "$2" 2>&1); then
            FAILURE="cannot enable $2 again: ${error##*"$NEWLINE"}"
            return 1
          fi
          ;;
      esac
      case $BEFORE in
        *' active')
          if ! error=$(control 120 restart "$2" 2>&1); then
            FAILURE="cannot start $2 again, with the files from before: ${error##*"$NEWLINE"}"
            return 1
          fi
          ;;
      esac
      ;;
  esac
}
