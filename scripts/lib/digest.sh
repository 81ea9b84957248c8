# Digests: the sha256 of files that may be large, such as binaries and image archives.

DIGESTS_BY=       # openssl or sha256sum, once one was needed

# digests: reads names of files, one on each line, and prints `SHA256 *NAME` or `SHA256  NAME` for each that can be read.
# Returns 1 when one cannot be. openssl uses what processors have for it, which takes less than a third of the time that
# sha256sum takes; a host without an openssl that works gets the same answer later.
digests() {
  if [ -z "$DIGESTS_BY" ]; then
    DIGESTS_BY=sha256sum
    if openssl dgst -sha256 -r /dev/null >/dev/null 2>&1; then
      DIGESTS_BY=openssl
    fi
  fi
  case $DIGESTS_BY in
    openssl) xargs -r openssl dgst -sha256 -r ;;
    *) xargs -r sha256sum ;;
  esac
}

# digest FILE: sets DIGEST to the sha256 of a file. Returns 1 when it cannot be read.
digest() {
  DIGEST=$(printf '%s\n' "$1" | digests)
  DIGEST=${DIGEST%% *}
  [ -n "$DIGEST" ]
}
