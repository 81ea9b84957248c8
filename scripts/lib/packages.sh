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
    if [ "$kind" = package ] && ! package_there "$command"; then
      package_manager_find
      package_name "$name"
      package_install "$PACKAGE" || return 1
      hash -r
      if ! package_there "$command"; then
        FAILURE="the package $PACKAGE was installed, but there is still no command $command"
        return 1
      fi
    fi
  done <"$1"
}

# package_there COMMAND: whether the host has what a package brings: a command, or a file where it is a path.
package_there() {
  case $1 in
    /*) [ -e "$ROOT$1" ] ;;
    *) command -v "$1" >/dev/null ;;
  esac
}

# package_manager_find: sets MANAGER to the tool of the host's family, or to the first that is there where the family is not known;
# to nothing where there is none. FAMILY is what that tool installs for. A host may have the tools of others, too.
package_manager_find() {
  local pair
  family
  MANAGER=
  for pair in debian:apt-get rhel:dnf suse:zypper; do
    if [ -n "$FAMILY" ] && [ "${pair%%:*}" != "$FAMILY" ]; then
      continue
    fi
    if command -v "${pair#*:}" >/dev/null; then
      FAMILY=${pair%%:*} MANAGER=${pair#*:}
      return 0
    fi
  done
}

# package_name NAME: sets PACKAGE to what the family calls the package that bundles call NAME.
package_name() {
  local word
  PACKAGE=$1
  for word in $PACKAGE_NAMES; do
    case $word in
      "$FAMILY:$1="*) PACKAGE=${word#*=} ;;
    esac
  done
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

# package_install NAME [VERSION]: by MANAGER. Returns 1 with FAILURE set.
package_install() {
  local error
  say "installing the package $1${2:+ $2}"
  case $MANAGER in
    apt-get) install_by_apt "$1${2:+=$2}" ;;
    dnf) install_by_dnf "$1${2:+-$2}" ;;
    zypper) install_by_zypper "$1${2:+=$2}" ;;
    *)
      FAILURE="the package $1 is missing and there is no apt-get, dnf or zypper here; install $1 by hand, then run again"
      return 1
      ;;
  esac
  if [ "$CODE" != 0 ]; then
    # Without the login of a proxy.
    error=$(grep -v '^$' "$STAGE/package.log" | tail -n 1 | sed 's|://[^/@ ]*@|://|g')
    FAILURE="cannot install the package $1: ${error:-the package manager ended with $CODE}; \
install $1 by hand or give the host a package source, then run again"
    return 1
  fi
}

# install_by_… NAME: sets CODE, 0 when the package is there, and leaves what the tool has said in STAGE/package.log. Lists of packages may
# be old, absent or broken; they are fetched anew only when the installation fails without. All wait for two minutes when another
# process has the tool's lock.

install_by_apt() {
  local made apt others
  made=
  if [ ! -e "$POLICY" ]; then
    made=yes
    printf '#!/bin/sh\n%s\nexit 101\n' "$POLICY_MARK" | write_atomic "$POLICY" 0755
  fi
  apt="package_manager env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120"
  apt="$apt -o Acquire::Retries=2 -o Acquire::http::Timeout=20"
  # A version that is asked for may be older than what is there, or held.
  others=
  case $1 in
    *=*) others="--allow-downgrades --allow-change-held-packages" ;;
  esac
  # shellcheck disable=SC2086 # lists of words
  {
    $apt --no-install-recommends $others install "$1" </dev/null >"$STAGE/package.log" 2>&1 ||
      { $apt update && $apt --no-install-recommends $others install "$1"; } </dev/null >"$STAGE/package.log" 2>&1
  }
  CODE=$?
  if [ -n "$made" ]; then
    rm -f "$POLICY"
  fi
}

# dnf waits for its lock by itself, as long as package_manager lets it. A repository that does not answer must not take minutes.
install_by_dnf() {
  local dnf
  dnf="package_manager dnf -q -y --setopt=install_weak_deps=False --setopt=timeout=20 --setopt=retries=2"
  # shellcheck disable=SC2086 # a list of words
  $dnf install "$1" </dev/null >"$STAGE/package.log" 2>&1 ||
    { $dnf clean metadata && $dnf install "$1"; } </dev/null >"$STAGE/package.log" 2>&1
  CODE=$?
}

# install_by_zypper: what it ends with from 100 on is news, not failure (zypper(8)): patches are there (100, 101), a reboot or another
# run is wanted (102, 103), a repository was passed over (106), a script of the package failed once it was installed (107). 104
# is a package that nobody has. Whether the command is there is looked at afterwards.
install_by_zypper() {
  zypper_run install --no-recommends "$1"
  # 7: another process still has the lock.
  if [ "$CODE" != 0 ] && [ "$CODE" != 7 ]; then
    zypper_run refresh --force
    if [ "$CODE" = 0 ]; then
      zypper_run install --no-recommends "$1"
    fi
  fi
}

zypper_run() {
  package_manager env ZYPP_LOCK_TIMEOUT=120 zypper -q --non-interactive "$@" </dev/null >"$STAGE/package.log" 2>&1
  CODE=$?
  case $CODE in
    100 | 101 | 102 | 103 | 106 | 107) CODE=0 ;;
  esac
}
