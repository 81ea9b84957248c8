# Packages: programs that come from the distribution. Only what is missing is installed, and a daemon that arrives with
# a package must not run with the distribution's configuration, not even for a moment.

POLICY=$ROOT/usr/sbin/policy-rc.d   # Debian's package scripts ask it whether they may start a daemon; 101 means no
POLICY_MARK='# made by plinth-host while it installs a package'

# packages_install PLAN: returns 1 with FAILURE set.
packages_install() {
  local kind name command
  # A killed run may have left it; it would keep every package of this host from starting its daemon.
  if [ -e "$POLICY" ] && grep -q "^$POLICY_MARK" "$POLICY"; then
    rm -f "$POLICY"
  fi
  proxies_read "$1"
  while read -r kind name command; do
    if [ "$kind" = package ] && ! command -v "$command" >/dev/null; then
      package_install "$name" || return 1
      hash -r
      if ! command -v "$command" >/dev/null; then
        FAILURE="the package $name was installed, but there is still no command $command"
        return 1
      fi
    fi
  done <"$1"
}

# proxies_read PLAN: the proxies of the configuration, which stand in a file of the first bundle, take the place of what this host's
# environment names. That bundle installs packages before its files are there.
proxies_read() {
  local kind path content file line
  file=$ROOT$PROXIES_PATH
  while read -r kind path _ _ content _; do
    if [ "$kind" = file ] && [ "$path" = "$PROXIES_PATH" ]; then
      file=$STAGE/$content
    fi
  done <"$1"
  if [ ! -f "$file" ]; then
    return 0
  fi
  HOST_HTTP_PROXY='' HOST_HTTPS_PROXY='' HOST_ALL_PROXY='' HOST_NO_PROXY=
  while read -r line; do
    case $line in
      HTTP_PROXY=*) HOST_HTTP_PROXY=${line#*=} ;;
      HTTPS_PROXY=*) HOST_HTTPS_PROXY=${line#*=} ;;
      NO_PROXY=*) HOST_NO_PROXY=${line#*=} ;;
    esac
  done <"$file"
}

# package_manager COMMAND ARGUMENT…: by the proxies that the configuration or this host's environment names; packages come from far away.
package_manager() {
  (
    if [ -n "$HOST_HTTP_PROXY" ]; then export http_proxy="$HOST_HTTP_PROXY"; fi
    if [ -n "$HOST_HTTPS_PROXY" ]; then export https_proxy="$HOST_HTTPS_PROXY"; fi
    if [ -n "$HOST_ALL_PROXY" ]; then export all_proxy="$HOST_ALL_PROXY"; fi
    if [ -n "$HOST_NO_PROXY" ]; then export no_proxy="$HOST_NO_PROXY"; fi
    exec timeout 600 "$@"
  )
}

# package_install NAME
package_install() {
  local made apt code error
  say "installing the package $1"
  if command -v apt-get >/dev/null; then
    made=
    if [ ! -e "$POLICY" ]; then
      made=yes
      printf '#!/bin/sh\n%s\nexit 101\n' "$POLICY_MARK" | write_atomic "$POLICY" 0755
    fi
    # The package lists may be old or absent; they are fetched only when the installation fails without.
    apt="package_manager env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120"
    apt="$apt -o Acquire::Retries=2 -o Acquire::http::Timeout=20"
    # shellcheck disable=SC2086 # a list of words
    $apt --no-install-recommends install "$1" </dev/null >"$STAGE/package.log" 2>&1 ||
      { $apt update && $apt --no-install-recommends install "$1"; } </dev/null >"$STAGE/package.log" 2>&1
    code=$?
    if [ -n "$made" ]; then
      rm -f "$POLICY"
    fi
  elif command -v dnf >/dev/null; then
    package_manager dnf -q -y install "$1" </dev/null >"$STAGE/package.log" 2>&1
    code=$?
  elif command -v zypper >/dev/null; then
    package_manager zypper -q --non-interactive install --no-recommends "$1" </dev/null >"$STAGE/package.log" 2>&1
    code=$?
  else
    FAILURE="the package $1 is missing and there is no apt-get, dnf or zypper here; install $1 by hand, then run again"
    return 1
  fi
  if [ "$code" != 0 ]; then
    # Without the login of a proxy.
    error=$(grep -v '^$' "$STAGE/package.log" | tail -n 1 | sed 's|://[^/@ ]*@|://|g')
    FAILURE="cannot install the package $1: ${error:-the package manager ended with $code}; \
install $1 by hand or give the host a package source, then run again"
    return 1
  fi
}
