# Resource: a package of the distribution. `before` tells `installed` or `absent`.

# resource_package VERB NAME VERSION: any version where none is said.
resource_package() {
  local now
  package_manager_find
  package_name "$2"
  case $1 in
    differs)
      if ! package_installed "$PACKAGE"; then
        REASON="is not installed"
        return 0
      fi
      now=$(package_version "$PACKAGE")
      if [ -z "${3-}" ] || [ "$now" = "$3" ]; then
        return 1
      fi
      REASON="has the version $now, expected $3"
      ;;
    before) package_before "$PACKAGE" ;;
    make)
      package_install "$PACKAGE" "${3-}" && hash -r || return 1
      if ! package_installed "$PACKAGE"; then
        FAILURE="the package $PACKAGE was installed, but the package manager does not know it"
        return 1
      fi
      ;;
    drop)
      if [ "$BEFORE" != absent ] || ! package_installed "$PACKAGE" || package_needed "$PACKAGE"; then
        return 0
      fi
      package_remove "$PACKAGE"
      ;;
  esac
}

# package_installed NAME
package_installed() {
  local state
  case $FAMILY in
    rhel | suse) rpm -q "$1" >/dev/null 2>&1 ;;
    *)
      state=$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)
      [ "$state" = installed ]
      ;;
  esac
}

# package_version NAME: prints it as the distribution writes it.
package_version() {
  case $FAMILY in
    rhel | suse) rpm -q --queryformat '%{VERSION}-%{RELEASE}' "$1" ;;
    *) dpkg-query -W -f='${Version}' "$1" ;;
  esac
}

# package_before NAME: that the package manager cannot tell is not that it is absent.
package_before() {
  local answer code
  case $FAMILY in
    rhel | suse)
      if answer=$(LC_ALL=C rpm -q "$1" 2>&1); then
        echo installed
        return
      fi
      case $answer in
        *' is not installed'*) echo absent ;;
        *) FAILURE=${answer##*"$NEWLINE"} && return 1 ;;
      esac
      ;;
    *)
      # It ends with 1 for a package that it does not know, and with 2 when it cannot tell (dpkg-query(1)).
      answer=$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>"$STAGE/package.log")
      code=$?
      if [ "$code" -gt 1 ]; then
        FAILURE=$(tail -n 1 "$STAGE/package.log")
        return 1
      fi
      if [ "$answer" = installed ]; then echo installed; else echo absent; fi
      ;;
  esac
}

# package_needed NAME: whether a package that stays needs it.
package_needed() {
  case $FAMILY in
    rhel | suse) ! rpm -e --test "$1" >/dev/null 2>&1 ;;
    *) ! dpkg --simulate --remove "$1" >/dev/null 2>&1 ;;
  esac
}

# package_remove NAME: its configuration files stay, as the distribution's tool leaves them. Returns 1 with FAILURE set.
package_remove() {
  say "removing the package $1"
  case $FAMILY in
    rhel | suse) timeout 600 rpm -e "$1" </dev/null >"$STAGE/package.log" 2>&1 ;;
    *) dpkg_remove "$1" ;;
  esac
  CODE=$?
  if [ "$CODE" != 0 ] && dpkg_locked; then
    FAILURE="cannot remove the package $1: another process has dpkg's lock; wait until it is done, then run again"
    return 1
  fi
  if [ "$CODE" != 0 ]; then
    FAILURE="cannot remove the package $1: $(grep -v '^$' "$STAGE/package.log" | tail -n 1); remove it by hand, then run again"
    return 1
  fi
}

# dpkg_remove NAME: waits for two minutes when another process has the lock, as installations do. By dpkg itself, which never takes away what
# needs the package.
dpkg_remove() {
  local begin code
  uptime_seconds
  begin=$UPTIME
  while :; do
    timeout 600 env DEBIAN_FRONTEND=noninteractive LC_ALL=C dpkg --remove "$1" </dev/null >"$STAGE/package.log" 2>&1
    code=$?
    uptime_seconds
    if [ "$code" = 0 ] || ! dpkg_locked || [ $((UPTIME - begin)) -ge "${PLINTH_PACKAGE_LOCK_SECONDS:-120}" ]; then
      return "$code"
    fi
    sleep 0.5
  done
}

# dpkg_locked: whether another process was in the way, by what dpkg has said last.
dpkg_locked() {
  grep -q 'locked by another process' "$STAGE/package.log"
}
