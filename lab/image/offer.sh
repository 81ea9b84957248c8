#!/bin/sh
# Puts packages, with what they need, into a folder of the new root that apt takes as a source: hosts reach no other one.
# Run by mmdebstrap outside of the new root, before its lists of packages go.
# Usage: offer.sh ROOT
# Environment: LAB_OFFERED: names of packages with commas between them; may be empty.
set -eu

root=$1
folder=$root/srv/packages
[ -n "$LAB_OFFERED" ] || exit 0

# shellcheck disable=SC2046  # a list of words
APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get -q -y --no-install-recommends --download-only install \
  $(printf '%s' "$LAB_OFFERED" | tr , ' ') >&2
install -d -m 755 "$folder"
mv "$root"/var/cache/apt/archives/*.deb "$folder/"
chmod 644 "$folder"/*.deb
for package in "$folder"/*.deb; do
  dpkg-deb --field "$package"
  printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' \
    "${package##*/}" "$(stat -c %s "$package")" "$(sha256sum "$package" | cut -d ' ' -f 1)"
done >"$folder/Packages"
