#!/bin/sh
# plinth-host: changes this host and remembers what it changed. Assembled from the files named in plinth-host.parts.
#
# Base: settings that hold for everything below. Every path is taken under PLINTH_ROOT (empty on a host), so that the
# scripts can be tried in a directory. A function's own variables are `local`, declared in its first lines and assigned below
# (`local x=$(…)` would hide that the command failed, and dash splits `local x=$y` into words); what is shared is in capitals.

set -u
umask 077
LC_ALL=C
export LC_ALL
# sudo and sshd may hand over a short PATH; what is there keeps precedence.
PATH="${PATH:-/usr/bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
export PATH

# What the host's environment says about proxies: package managers go by it, and nothing else does (direct.sh).
HOST_HTTP_PROXY=${http_proxy:-} HOST_HTTPS_PROXY=${https_proxy:-${HTTPS_PROXY:-}}
HOST_ALL_PROXY=${all_proxy:-${ALL_PROXY:-}} HOST_NO_PROXY=${no_proxy:-${NO_PROXY:-}}

ROOT=${PLINTH_ROOT:-}
NEWLINE='
'
