# Digests: the sha256 of files that may be large, such as binaries and image archives.

# digests: reads names of files, one on each line, and prints `SHA256 *NAME` or `SHA256  NAME` for each that can be read.
# Returns 1 when one cannot be. openssl uses what processors have for it, which takes less than a third of the time that
# sha256sum takes; a host without openssl gets the same answer later.
digests() {
  if command -v openssl >/dev/null; then
    xargs -r openssl dgst -sha256 -r
  else
    xargs -r sha256sum
  fi
}

# digest FILE: sets DIGEST to the sha256 of a file. Returns 1 when it cannot be read.
digest() {
  DIGEST=$(printf '%s\n' "$1" | digests)
  DIGEST=${DIGEST%% *}
  [ -n "$DIGEST" ]
}
