#!/bin/sh
# network-managers: makes NetworkManager and systemd-networkd read again which interfaces they leave alone. Both are asked to
# read their configuration, not restarted: a restart of networkd takes addresses and routes of others off the host's link.

set -u
LC_ALL=C
export LC_ALL

if systemctl --quiet is-active NetworkManager.service; then
  systemctl reload NetworkManager.service || exit 1
fi
if systemctl --quiet is-active systemd-networkd.service; then
  networkctl reload || exit 1
fi
