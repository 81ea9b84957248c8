#!/bin/sh
# Usage: small-mtu.sh ROOT, see boot.sh. The host's link carries packets of $LAB_MTU bytes; longer ones are lost.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
# shellcheck source=../provision.sh source-path=SCRIPTDIR disable=SC1091
. "$here/../provision.sh"

mkdir -p "$1/etc/systemd/network/10-lab.network.d"
write_if_changed "$1/etc/systemd/network/10-lab.network.d/small-mtu.conf" 644 <<NETWORK
[Link]
MTUBytes=$LAB_MTU
NETWORK
