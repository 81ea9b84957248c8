# plinth-reader: tells the facts of this host, and does nothing else. It is the forced command of an SSH key (docs/ci.md):
#
#   restrict,command="/usr/local/lib/plinth-reader/plinth-reader" ssh-ed25519 AAAA… preview
#
# sshd runs it in place of what the client asks for, which is in SSH_ORIGINAL_COMMAND and is never run:
#   : plinth-reader facts DIGEST [machine] [DIRECTORY…]; …
# runs the script that is installed here under that digest, as root. It is given the directories, which it tells the size of, and whether
# there is something in them; `machine` lets it tell less, as for a host that carries roles alone.
# What stands behind the semicolon is for hosts where the key may do everything. The standard input is not read.
# PLINTH_ROOT: the directory under which the scripts are, for tests.

set -u
LC_ALL=C
export LC_ALL

refuse() {
  printf 'plinth-reader: %s\n' "$1" >&2
  exit "$EXIT_REFUSED"
}

question=${SSH_ORIGINAL_COMMAND:-}
case $question in
  "$READER_QUESTION "*';'*) ;;
  *) refuse "this key is for reading the facts of this host, and for nothing else" ;;
esac
words=${question#"$READER_QUESTION "}
words=${words%%;*}
digest=${words%% *}
set --
while [ "$words" != "${words#* }" ]; do
  words=${words#* }
  set -- "$@" "${words%% *}"
done
case $digest in
  *[!0-9a-f]*) refuse "the question has no digest of a script" ;;
esac
if [ "${#digest}" -ne 64 ]; then
  refuse "the question has no digest of a script"
fi
first=${1-}
if [ "$first" = "$MACHINE_WORD" ]; then
  shift
else
  first=
fi
for path in "$@"; do
  case $path in
    *[!A-Za-z0-9/._-]* | */../* | */..) refuse "the question has a word that is no directory" ;;
    /*) ;;
    *) refuse "the question has a word that is no directory" ;;
  esac
done
script=${PLINTH_ROOT:-}$READER_PATH/facts-$digest
if ! [ -f "$script" ]; then
  refuse "this host has no facts script $(printf %.12s "$digest"): install that version by ./plinth reader, see docs/ci.md"
fi
if [ "$(id -u)" -eq 0 ]; then
  exec /bin/sh "$script" ${first:+"$first"} "$@" </dev/null
fi
exec sudo -n /bin/sh "$script" ${first:+"$first"} "$@" </dev/null
