#!/bin/sh
# shutdown-delay: makes logind read its configuration again, which says for how long a shutdown waits for the kubelet to end its
# pods. shutdown-delay --check SECONDS: fails unless logind waits for that long. Where there is no logind, nothing waits, and
# nothing is asked of it.

set -u
LC_ALL=C
export LC_ALL

if ! systemctl --quiet is-active systemd-logind.service; then
  printf 'there is no logind: a shutdown does not wait for pods\n' >&2
  exit 0
fi
if [ "${1-}" != --check ]; then
  # As the kubelet does.
  exec systemctl kill --signal=HUP systemd-logind.service
fi
ANSWER=$(busctl get-property org.freedesktop.login1 /org/freedesktop/login1 org.freedesktop.login1.Manager InhibitDelayMaxUSec) || exit 1
DELAY=${ANSWER#t }
case $DELAY in
  '' | *[!0-9]*)
    printf 'error: logind does not tell for how long it holds up a shutdown: %s\n' "$ANSWER" >&2
    exit 1
    ;;
esac
if [ "$DELAY" -lt "${2}000000" ]; then
  printf 'error: logind holds up a shutdown for %d s, expected %d s: see InhibitDelayMaxSec in systemd-analyze cat-config systemd/logind.conf\n' \
    "$((DELAY / 1000000))" "$2" >&2
  exit 1
fi
