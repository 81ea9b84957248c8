#!/bin/sh
# Usage: two-subnets.sh ROOT, see boot.sh. The host reaches hosts of the other network by a router.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
# shellcheck source=../provision.sh source-path=SCRIPTDIR disable=SC1091
. "$here/../provision.sh"

mkdir -p "$1/etc/systemd/network/10-lab.network.d"
# Never a default route: the lab has no way out.
write_if_changed "$1/etc/systemd/network/10-lab.network.d/two-subnets.conf" 644 <<NETWORK
[Route]
Destination=$LAB_SUBNET
Gateway=$LAB_ROUTER
NETWORK
