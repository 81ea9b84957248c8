#!/bin/sh
# pod-mtu BYTES INTERFACE CNI_CONFIG: gives a Node that is in service another size of packets: flannel keeps the interface that
# is there, and containerd the CNI configuration that it has written. What is not there yet is made with the right size. Pods keep
# theirs until they are made anew.

set -eu
LC_ALL=C
export LC_ALL

if ip link show dev "$2" >/dev/null 2>&1; then
  ip link set dev "$2" mtu "$1"
fi
if [ -e "$3" ]; then
  sed -i "s/\(\"mtu\": *\)[0-9][0-9]*/\1$1/" "$3"
fi
