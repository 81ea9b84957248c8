# A file that an operator copies to a host, for `plinth copy`: fed to a shell there, and never installed. STATE and RESERVED are set in front.
# Arguments:
#
#   look PATH                       what is there, as lines between `plinth-facts 1` and `end`:
#     kind file|directory|other|none      a link counts as what it leads to
#     parent directory|closed|none        what it is in; `closed`: this user cannot write there
#     content SHA256 MODE USER:GROUP      of a file
#     owned BUNDLE                        of Plinth that has the path in its manifest, or that is changing it
#     reserved DIRECTORY                  of Plinth that it is in
#   write PATH SHA256 MODE OWNER    standard input becomes the file, whole or not at all. OWNER `-`: the one it has, or whoever writes it

# listed BUNDLE FILE: what a manifest or an intent lists, as lines `file DIRECTORY NAME BUNDLE` and, of what is purged, `below DIRECTORY - BUNDLE`.
listed() {
  awk -v bundle="$1" -v units=/etc/systemd/system '
    { sub(/^owns /, "") }
    $1 == "file" || $1 == "mask" {
      name = $2
      sub(/^.*\//, "", name)
      print "file", substr($2, 1, length($2) - length(name)), name, bundle
    }
    $1 == "unit" { print "file", units, $2, bundle }
    $1 == "directory" && $5 == "purge" { print "below", $2, "-", bundle }' "$2"
}

# is_meant FILE: whether it is the file that is to be written, by one of its paths.
is_meant() {
  case $1 in
    "$GIVEN" | "$NAMED" | "$TARGET") return 0 ;;
  esac
  return 1
}

# is_below DIRECTORY: whether the file is in it, or is it, by one of its paths.
is_below() {
  local path
  for path in "$GIVEN" "$NAMED" "$TARGET"; do
    case $path/ in
      "${1%/}"/*) return 0 ;;
    esac
  done
  return 1
}

# owners: the bundles that own the file. Manifests are root's alone, and so is what they list. They have paths as planned, and hosts have
# links in between, as /lib is one: what leads to one place by both ways is one file.
owners() {
  local file bundle kind directory name place real last
  last=
  for file in "$STATE/bundles"/*/manifest "$STATE/bundles"/*/intent; do
    if [ ! -r "$file" ]; then continue; fi
    bundle=${file%/*}
    listed "${bundle##*/}" "$file"
  done | sort -k 2,2 | while read -r kind directory name bundle; do
    if [ "$directory" != "$last" ]; then
      last=$directory
      real=$(realpath -m -- "$directory") || real=$directory
    fi
    for place in "$directory" "$real"; do
      if [ "$kind" = below ]; then
        if is_below "$place"; then printf '%s\n' "$bundle"; fi
      elif is_meant "${place%/}/$name"; then
        printf '%s\n' "$bundle"
      fi
    done
  done | sort -u
}

# reserved: sets RESERVED_BY to the directory of Plinth's that the file is in, or is.
reserved() {
  local directory
  RESERVED_BY=
  for directory in $RESERVED; do
    if is_below "$directory" || is_below "$(realpath -m -- "$directory")"; then RESERVED_BY=$directory; fi
  done
}

look() {
  local bundle digest
  printf 'plinth-facts 1\n'
  if [ -f "$TARGET" ]; then
    printf 'kind file\n'
    if digest=$(sha256sum <"$TARGET" 2>/dev/null); then
      printf 'content %s %s\n' "${digest%% *}" "$(stat -c '%a %U:%G' "$TARGET")"
    fi
  elif [ -d "$TARGET" ]; then
    printf 'kind directory\n'
  elif [ -e "$TARGET" ]; then
    printf 'kind other\n'
  else
    printf 'kind none\n'
  fi
  if [ ! -d "$PARENT" ]; then
    printf 'parent none\n'
  elif [ -w "$PARENT" ]; then
    printf 'parent directory\n'
  else
    printf 'parent closed\n'
  fi
  for bundle in $(owners); do
    printf 'owned %s\n' "$bundle"
  done
  reserved
  if [ -n "$RESERVED_BY" ]; then printf 'reserved %s\n' "$RESERVED_BY"; fi
  printf 'end\n'
}

fail() {
  printf '%s\n' "$1" >&2
  exit 1
}

# write SHA256 MODE OWNER
write() {
  local digest owner
  # Since it was looked at, an up may have come.
  owner=$(owners)
  if [ -n "$owner" ]; then fail "it belongs to the bundle $owner now"; fi
  reserved
  if [ -n "$RESERVED_BY" ]; then fail "it is in $RESERVED_BY now, where Plinth keeps its own things"; fi
  owner=$3
  if [ "$owner" = - ] && [ -e "$TARGET" ]; then owner=$(stat -c '%u:%g' "$TARGET"); fi
  TEMPORARY=$(mktemp "$PARENT/.plinth-copy.XXXXXXXXXX") || exit 1
  trap 'rm -f "$TEMPORARY"' EXIT
  trap 'exit 143' TERM
  trap 'exit 130' INT
  trap 'exit 129' HUP
  cat >"$TEMPORARY" || fail 'it cannot be written: is the disk full?'
  digest=$(sha256sum <"$TEMPORARY") || exit 1
  if [ "${digest%% *}" != "$1" ]; then fail 'what came is not what was sent; nothing was changed: run it again'; fi
  # Before the mode: a new owner takes bits of it away.
  if [ "$owner" != - ] && ! chown "$owner" "$TEMPORARY"; then
    fail "it cannot be given to $owner: does that user exist, and is --root needed?"
  fi
  chmod "$2" "$TEMPORARY" || exit 1
  sync "$TEMPORARY" && mv -fT "$TEMPORARY" "$TARGET" && sync "$PARENT" || exit 1
  if [ -e /sys/fs/selinux/enforce ] && command -v restorecon >/dev/null; then restorecon "$TARGET" || exit 1; fi
}

VERB=$1
# As it is given, and with the links in front of its name resolved: a plan may have either.
GIVEN=$(realpath -ms -- "$2") && NAMED=$(realpath -m -- "${GIVEN%/*}/") || exit 1
NAMED=${NAMED%/}/${GIVEN##*/}
# Where links lead to: it is what is there that is replaced, as by every program that writes a file.
TARGET=$(realpath -m -- "$2") || exit 1
PARENT=${TARGET%/*}
PARENT=${PARENT:-/}
shift 2
umask 077
case $VERB in
  look) look ;;
  write) write "$@" ;;
esac
