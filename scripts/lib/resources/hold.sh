# Resource: the version of a package stays when others are upgraded. `before` tells `held` or `free`.

# resource_hold VERB NAME
resource_hold() {
  package_manager_find
  package_name "$2"
  case $1 in
    differs)
      if package_is_held "$PACKAGE"; then
        return 1
      fi
      REASON="is not held"
      ;;
    before) if package_is_held "$PACKAGE"; then echo held; else echo free; fi ;;
    make) hold_change "$PACKAGE" hold add addlock ;;
    drop)
      if [ "$BEFORE" != held ] && package_is_held "$PACKAGE"; then
        hold_change "$PACKAGE" unhold delete removelock
      fi
      ;;
  esac
}

# package_is_held NAME
package_is_held() {
  case $MANAGER in
    apt-get) apt-mark showhold 2>/dev/null | grep -qxF "$1" ;;
    dnf) timeout 60 dnf -q versionlock list 2>/dev/null </dev/null | awk -v name="$1-" '
      index($0, name) == 1 && substr($0, length(name) + 1) ~ /^[0-9]/ { held = 1 } END { exit !held }' ;;
    zypper) timeout 60 zypper -q --non-interactive locks 2>/dev/null </dev/null | tr -d ' ' | grep -qF "|$1|" ;;
    *) false ;;
  esac
}

# hold_change NAME VERB VERB VERB: those of apt, dnf and zypper. Returns 1 with FAILURE set.
hold_change() {
  local error
  case $MANAGER in
    apt-get) error=$(timeout 120 apt-mark "$2" "$1" 2>&1 </dev/null) ;;
    dnf) error=$(timeout 120 dnf -q versionlock "$3" "$1" 2>&1 </dev/null) ;;
    zypper) error=$(timeout 120 zypper -q --non-interactive "$4" "$1" 2>&1 </dev/null) ;;
    *) error="there is no apt-get, dnf or zypper here" && false ;;
  esac || {
    FAILURE="cannot $2 the package $1: ${error##*"$NEWLINE"}"
    if [ "$MANAGER" = dnf ]; then
      FAILURE="$FAILURE (dnf does that by the package python3-dnf-plugin-versionlock)"
    fi
    return 1
  }
}
