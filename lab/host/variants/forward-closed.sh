#!/bin/sh
# Usage: forward-closed.sh ROOT, see boot.sh. The host has a firewall that knows nothing of pods: Plinth refuses it.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
# shellcheck source=../provision.sh source-path=SCRIPTDIR disable=SC1091
. "$here/../provision.sh"
# shellcheck source=../firewall.sh source-path=SCRIPTDIR disable=SC1091
. "$here/../firewall.sh"

firewall "$1" </dev/null
