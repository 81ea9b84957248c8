#!/bin/sh
# Usage: forward-drop.sh ROOT, see boot.sh. The host has a firewall as ufw and hardened images set it up, and its operator has
# done what Plinth's finding `forward-drop` asks for: the network of pods is accepted.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
# shellcheck source=../provision.sh source-path=SCRIPTDIR disable=SC1091
. "$here/../provision.sh"
# shellcheck source=../firewall.sh source-path=SCRIPTDIR disable=SC1091
. "$here/../firewall.sh"

firewall "$1" <<RULES
ip saddr $LAB_PODS accept
ip daddr $LAB_PODS accept
RULES
