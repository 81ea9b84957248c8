#!/bin/sh
# Usage: resolved.sh ROOT, see boot.sh. The host resolves names as Ubuntu does: systemd-resolved asks the name servers, and
# /etc/resolv.conf is a link to a file that has none but 127.0.0.53.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
# shellcheck source=../provision.sh source-path=SCRIPTDIR disable=SC1091
. "$here/../provision.sh"
root=$1

mkdir -p "$root/etc/systemd/resolved.conf.d"
# The lab has no name server: the one that stands here answers nothing.
write_if_changed "$root/etc/systemd/resolved.conf.d/10-lab.conf" 644 <<RESOLVED
[Resolve]
DNS=$LAB_ROUTER
RESOLVED
ln -sfn ../run/systemd/resolve/stub-resolv.conf "$root/etc/resolv.conf"
