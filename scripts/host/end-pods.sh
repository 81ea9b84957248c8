#!/bin/sh
# end-pods POD-NETWORK
#
# Ends all pods of this host and takes away what they leave in the kernel: processes, mounts, network namespaces,
# interfaces, routes, packet filter tables, cgroups. containerd leaves pods running when it stops, so that it can be
# updated under them; a host that leaves its cluster needs the contrary. Runs when plinth-pods.service is stopped: by a
# release, and when the machine shuts down. Every step can be done twice.
set -u
export LC_ALL=C
pod_network=${1:?"usage: end-pods POD-NETWORK"}

# shims: process ids of the shims of our containerd, one a line.
shims() {
  local exe pid
  for exe in /proc/[0-9]*/exe; do
    case $(readlink "$exe" 2>/dev/null) in
      /opt/plinth/*/containerd-shim-*)
        pid=${exe#/proc/}
        echo "${pid%/exe}"
        ;;
    esac
  done
}

# descendants PID…: process ids below these, without them.
descendants() {
  ps -A -o pid= -o ppid= | awk -v roots="$*" '
    BEGIN { n = split(roots, list, " "); for (i = 1; i <= n; i++) below[list[i]] = 1 }
    { parent[$1] = $2 }
    END {
      do {
        found = 0
        for (pid in parent) if (!(pid in below) && parent[pid] in below) { below[pid] = 1; print pid; found = 1 }
      } while (found)
    }'
}

# end SIGNAL PID…: a process that has ended meanwhile is fine.
end() {
  local signal pid
  signal=$1
  shift
  for pid in "$@"; do
    kill -s "$signal" "$pid" 2>/dev/null
  done
}

# processes: containers get ten seconds to end by themselves.
processes() {
  local second shims children
  second=0
  while [ "$second" -lt 15 ]; do
    shims=$(shims)
    if [ -z "$shims" ]; then
      return
    fi
    # shellcheck disable=SC2086 # lists of words
    children=$(descendants $shims)
    if [ -z "$children" ]; then
      break
    fi
    # shellcheck disable=SC2086 # lists of words
    case $second in
      0) end TERM $children ;;
      ?) ;;
      *) end KILL $children ;;
    esac
    sleep 1
    second=$((second + 1))
  done
  # shellcheck disable=SC2046 # lists of words
  end KILL $(shims)
}

# cgroups: processes that have left their shim are still in their pod's cgroup.
cgroups() {
  local root try
  systemctl stop kubepods.slice >/dev/null 2>&1
  find /sys/fs/cgroup -type d -name 'kubepods*' -prune 2>/dev/null | while read -r root; do
    # shellcheck disable=SC2046 # lists of words
    end KILL $(find "$root" -name cgroup.procs -exec cat {} + 2>/dev/null)
    try=0
    until find "$root" -depth -type d -exec rmdir {} + 2>/dev/null || [ ! -d "$root" ] || [ "$try" -ge 20 ]; do
      try=$((try + 1))
      sleep 0.1
    done
  done
}

# mounts: everything below the directories of containerd and the kubelet, the last mounted first. A volume of a storage
# server that is gone is only detached.
mounts() {
  local path
  awk '
    $5 ~ /^\/run\/containerd\// || $5 ~ /^\/var\/lib\/(containerd|kubelet)\// || $5 ~ /^\/run\/netns\/cni-/ { found[++n] = $5 }
    END { for (i = n; i > 0; i--) print found[i] }' /proc/self/mountinfo | while read -r path; do
    path=$(printf '%b' "$(printf '%s' "$path" | sed 's/\\\([0-7][0-7][0-7]\)/\\0\1/g')")
    timeout 20 umount "$path" 2>/dev/null || umount -l "$path" 2>/dev/null
  done
  rm -f /run/netns/cni-*
}

network() {
  local link route table
  for link in $(ip -o link show master cni0 2>/dev/null | awk -F '[:@ ]+' '{ print $2 }') cni0 flannel.1; do
    ip link delete "$link" 2>/dev/null
  done
  # Hosts of one subnet route to each other's pods directly.
  ip -4 route show root "$pod_network" 2>/dev/null | while read -r route; do
    # shellcheck disable=SC2086 # a route is a list of words
    ip -4 route delete $route 2>/dev/null
  done
  if command -v nft >/dev/null; then
    for table in "ip kube-proxy" "ip6 kube-proxy" "ip flannel-ipv4" "ip6 flannel-ipv6" "ip cni_hostport" "ip6 cni_hostport"; do
      # shellcheck disable=SC2086 # family and name
      nft delete table $table 2>/dev/null
    done
  fi
}

processes
# A machine that shuts down needs no more. It needs this: systemd would not end these processes before the network is gone,
# and would wait 90 s for one that does not listen.
if [ "$(systemctl is-system-running 2>/dev/null)" = stopping ]; then
  exit 0
fi
cgroups
mounts
network
if systemctl is-active --quiet containerd.service; then
  echo "the pods have been ended, but containerd runs: it may start others" >&2
else
  rm -rf --one-file-system /run/containerd /run/ipam-state /etc/cni/net.d/10-containerd-net.conflist
fi
left=$(shims)
if [ -n "$left" ]; then
  echo "these processes of pods do not end: $(echo "$left" | tr '\n' ' ')" >&2
  exit 1
fi
