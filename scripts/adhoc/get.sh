# A file that an operator copies from a host, for `plinth copy`: fed to a shell there, and never installed. Argument: its path. Prints
#
#   plinth-file SIZE SHA256 MODE    one line, and SIZE bytes behind it
#
# A file that grows meanwhile, as a log does, comes as it was at the beginning.

fail() {
  printf '%s\n' "$1" >&2
  exit 1
}

if [ -d "$1" ]; then fail 'it is a directory: copy its files, or pack them by "plinth run -- tar"'; fi
if [ ! -e "$1" ]; then fail 'there is no such file, or this user cannot see it'; fi
if [ ! -f "$1" ]; then fail 'it is not a file'; fi
if [ ! -r "$1" ]; then fail 'this user cannot read it: --root can'; fi
SIZE=$(stat -L -c %s -- "$1") && MODE=$(stat -L -c %a -- "$1") || exit 1
DIGEST=$(head -c "$SIZE" <"$1" | sha256sum) || exit 1
printf 'plinth-file %s %s %s\n' "$SIZE" "${DIGEST%% *}" "$MODE"
head -c "$SIZE" <"$1"
