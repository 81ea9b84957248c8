#!/bin/sh
# Builds the base image of the lab's hosts into a directory, all or nothing: the target appears when it is complete.
# Usage: build.sh TARGET, run under a lock on TARGET and in a private mount namespace.
# Environment:
#   LAB_USER      see customize.sh
#   LAB_SUITE     code name of the release of Debian
#   LAB_PACKAGES  packages besides those of packages.txt, with commas between them; may be empty
#   LAB_OFFERED   see offer.sh
set -eu

target=$1
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
suite=${LAB_SUITE:?code name of the release of Debian}
partial=$target.partial

# Another process may have finished it while this one waited for the lock.
[ -d "$target" ] && exit 0
# Left behind by a build that was interrupted; the lock says that nobody works on it.
rm -rf "$partial"
mkdir -p "$partial"
trap 'rm -rf "$partial"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# How this machine reaches its mirror (proxy, retries, date checks): a build must not need any other way.
apt-config dump | grep -E '^Acquire::(https?|Check|Retries)' >"$partial/apt.conf" || : >"$partial/apt.conf"

# The mirrors of this machine if it runs the same release, else the distribution's default ones.
set --
list_sources() {
  # shellcheck disable=SC2016  # $(…) is the syntax of apt's format strings.
  apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian' |
    sort -u | awk -v suite="$suite" '$3 == suite || index($3, suite "-") == 1'
}
sources=$(list_sources)
if [ -z "$sources" ] && grep -qsx "VERSION_CODENAME=$suite" /etc/os-release; then
  # The origin of a source is known only after its lists have been fetched.
  apt-get update -q >&2
  sources=$(list_sources)
fi
[ -z "$sources" ] || set -- "$sources"

packages=$(grep -v '^#' "$here/packages.txt" | paste -sd,)
LAB_USER=$LAB_USER LAB_OFFERED=$LAB_OFFERED mmdebstrap --mode=root --variant=minbase --quiet \
  --include="$packages${LAB_PACKAGES:+,$LAB_PACKAGES}" \
  --aptopt="$partial/apt.conf" \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' \
  --customize-hook="'$here/offer.sh' \"\$1\"" \
  --customize-hook="'$here/customize.sh' \"\$1\"" \
  "$suite" "$partial/root" "$@"

rm -f "$partial/apt.conf" "$partial/root/etc/dpkg/dpkg.cfg.d/99mmdebstrap"
sync -f "$partial"
mv -T "$partial" "$target"
trap - EXIT
