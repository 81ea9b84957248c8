# install.sh: puts the host script on this host unless it is there, and runs it with what comes by standard input.
#
# Usage: install.sh SHA256 URL VERB [ARGUMENT…]
# What comes from URL is compared with SHA256 before it is used; a bad download leaves nothing behind.

set -u
umask 022
sha=$1 url=$2
shift 2
target=${PLINTH_ROOT:-}/usr/local/lib/plinth/plinth-host
fresh=$target.new

digest() { sha256sum "$1" | cut -d ' ' -f 1; }

fail() {
  rm -f "$fresh"
  printf 'plinth: %s; nothing was changed\n' "$1" >&2
  exit 1
}

if ! [ -f "$target" ] || [ "$(digest "$target")" != "$sha" ]; then
  mkdir -p "${target%/*}" || fail "cannot make ${target%/*} (is the disk full or read-only?)"
  trap 'rm -f "$fresh"; exit 143' HUP INT TERM
  error=$(direct_curl --fail --silent --show-error --location --connect-timeout 10 --max-time 120 --retry 3 --retry-delay 1 \
    --retry-connrefused --output "$fresh" "$url" 2>&1 </dev/null) ||
    fail "cannot fetch the host script from $url: $(printf '%s\n' "$error" | tail -n 1); check that the host reaches that address, then run again"
  got=$(digest "$fresh")
  [ "$got" = "$sha" ] || fail "what came from $url is not the host script: expected sha256 $sha, got $got"
  { chmod 0755 "$fresh" && sync "$fresh" && mv -f "$fresh" "$target"; } || fail "cannot write $target (is the disk full or read-only?)"
  trap - HUP INT TERM
fi
exec "$target" "$@"
