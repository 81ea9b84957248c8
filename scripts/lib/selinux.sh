# SELinux: what is written here gets the context that the policy has for its place, and the policy gets to know the places of ours. What
# we have told it is remembered in the ledgers `contexts` and `booleans`, so that `release` takes it back. Without SELinux in the kernel
# nothing of this does anything.

# selinux_on: whether the kernel has a policy, enforced or not.
selinux_on() {
  [ -e "$ROOT/sys/fs/selinux/enforce" ]
}

# contexts_restore PATH…: below ROOT; what is not there is passed over. A file that was made elsewhere and moved keeps the context of where
# it was made, and systemd starts nothing that has one of data. Returns 1 with FAILURE set.
contexts_restore() {
  local error
  if [ $# = 0 ] || ! selinux_on || ! command -v restorecon >/dev/null; then
    return 0
  fi
  if ! error=$(restorecon -i "$@" 2>&1); then
    FAILURE="cannot set the SELinux context of what was written: ${error##*"$NEWLINE"}"
    return 1
  fi
}

# prepare_selinux_contexts UNIT RULE…: TYPE:PATTERN, or =PLACE:PATH for a directory that is used as PLACE usually is.
prepare_selinux_contexts() {
  local rule told
  shift
  if ! selinux_on; then
    return 0
  fi
  if ! told=$(semanage fcontext -l -C -n 2>&1); then
    REASON="semanage cannot tell what is set here: ${told##*"$NEWLINE"}"
    return 1
  fi
  for rule in "$@"; do
    context_known "$told" "${rule%%:*}" "${rule#*:}" || context_add "$told" "${rule%%:*}" "${rule#*:}" || return 1
  done
}

# context_known TOLD TYPE|=PLACE PATTERN: whether the policy has this rule, as semanage has TOLD.
context_known() {
  printf '%s\n' "$1" | awk -v type="$2" -v pattern="$3" '
    BEGIN { place = substr(type, 2) }
    $1 == pattern && type ~ /^=/ && $2 == "=" && $3 == place { found = 1 }
    $1 == pattern && type !~ /^=/ && $NF ~ (":" type ":") { found = 1 }
    END { exit !found }'
}

# context_add TOLD TYPE|=PLACE PATTERN: tells the policy, then sets the contexts of what is there. Sets REASON when that fails.
context_add() {
  local pattern instead error code
  pattern=$3
  context_remember "$pattern" || return 1
  error=$(context_tell "$2" "$pattern")
  code=$?
  # The policy takes one directory for another (file_contexts.subs_dist), and tells which.
  instead=$(printf '%s\n' "$error" | sed -n "s/.*Try adding '\([^']*\)' instead.*/\1/p")
  if [ "$code" != 0 ] && [ -n "$instead" ]; then
    if context_known "$1" "$2" "$instead"; then
      return 0
    fi
    context_remember "$instead" || return 1
    error=$(context_tell "$2" "$instead")
    code=$?
  fi
  if [ "$code" = 0 ]; then
    # Not what other file systems have that are mounted there, and not the labels of single containers (no -F).
    error=$(restorecon -R -x -i "$ROOT$(context_base "$pattern")" 2>&1)
    code=$?
  fi
  if [ "$code" != 0 ]; then
    REASON="SELinux does not take the context of $3: ${error##*"$NEWLINE"}"
    return 1
  fi
}

# context_remember PATTERN: sets REASON when that fails.
context_remember() {
  local code
  # Patterns must not become the names of files.
  set -f
  remember contexts "$1"
  code=$?
  set +f
  if [ "$code" != 0 ]; then
    REASON="cannot write under $STATE"
  fi
  return "$code"
}

# context_tell TYPE|=PLACE PATTERN: says on stdout why not.
context_tell() {
  local option value
  option=-t value=$1
  case $1 in
    =*) option=-e value=${1#=} ;;
  esac
  # One that is there already is changed.
  semanage fcontext -a "$option" "$value" "$2" 2>&1 || { semanage fcontext -m "$option" "$value" "$2" >/dev/null 2>&1; }
}

# context_base PATTERN: prints the directory that holds everything that the pattern can mean.
context_base() {
  local plain
  plain=${1%%[\[\(.*+?\\]*}
  if [ "$plain" = "$1" ]; then
    printf '%s\n' "$1"
  else
    printf '%s\n' "${plain%/*}"
  fi
}

# prepare_selinux_booleans UNIT NAME…: turns them on. One that the policy does not have is not needed by it.
prepare_selinux_booleans() {
  local name told wanted error
  shift
  if ! selinux_on; then
    return 0
  fi
  wanted=
  for name in "$@"; do
    told=$(getsebool "$name" 2>/dev/null) || continue
    if [ "${told##* }" != on ]; then
      wanted="$wanted $name"
    fi
  done
  if [ -z "$wanted" ]; then
    return 0
  fi
  # shellcheck disable=SC2086 # a list of words
  if ! remember booleans $wanted; then
    REASON="cannot write under $STATE"
    return 1
  fi
  set --
  for name in $wanted; do
    set -- "$@" "$name=on"
  done
  if ! error=$(setsebool -P "$@" 2>&1); then
    REASON="SELinux does not take $*: ${error##*"$NEWLINE"}"
    return 1
  fi
}

# release_selinux: what the policy was told here goes. Returns 1 with FAILURE set.
release_selinux() {
  local word error told
  if [ -e "$STATE/contexts" ] && command -v semanage >/dev/null; then
    told=$(semanage fcontext -l -C -n 2>/dev/null)
    while read -r word; do
      if ! printf '%s\n' "$told" | awk -v pattern="$word" '$1 == pattern { found = 1 } END { exit !found }'; then
        continue
      fi
      if ! error=$(semanage fcontext -d "$word" 2>&1); then
        FAILURE="cannot take the SELinux context of $word away: ${error##*"$NEWLINE"}"
        return 1
      fi
    done <"$STATE/contexts"
  fi
  if [ -e "$STATE/booleans" ] && command -v setsebool >/dev/null; then
    while read -r word; do
      if ! error=$(setsebool -P "$word=off" 2>&1); then
        FAILURE="cannot turn the SELinux boolean $word off: ${error##*"$NEWLINE"}"
        return 1
      fi
    done <"$STATE/booleans"
  fi
}
