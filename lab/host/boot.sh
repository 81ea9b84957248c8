#!/bin/sh
# Boots one host of the lab and stays as its supervisor until the host is off. Run inside the lab's network namespace and in
# a private mount namespace: every mount made here disappears with the last process of the host, however it ends.
# Environment:
#   LAB_INSTANCE  name of the cgroup that holds all hosts of this lab (plinth-<id>)
#   LAB_HOST      name of the host
#   LAB_ADDRESS   its address with prefix length (10.27.0.11/24)
#   LAB_BRIDGE    bridge in this network namespace
#   LAB_DISK      directory of the host: disk/, lock, supervisor
#   LAB_BASE      root directory of the base image (not needed for a disk that is a full copy)
#   LAB_SSH       directory with id_ed25519.pub and hosts/<name>/ssh_host_ed25519_key
#   LAB_USER      login user of the operator
#   LAB_LIKE      names of scripts in variants/ that make the host like those of the field, with blanks between them; they use
#   LAB_SUBNET    network of all hosts (10.27.0.0/24)
#   LAB_ROUTER    the operator's address in the host's own network
#   LAB_PODS      network of pods
#   LAB_MTU       MTU of the host's link in bytes; may be empty
set -eu

# Read as a whole before it begins: the host outlives this file when the project is updated meanwhile.
{
  here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
  # shellcheck source=cgroups.sh source-path=SCRIPTDIR disable=SC1091
  . "$here/cgroups.sh"
  # shellcheck source=provision.sh source-path=SCRIPTDIR disable=SC1091
  . "$here/provision.sh"

  # Held as long as the host lives: one disk is never booted twice.
  exec 9>"$LAB_DISK/lock"
  flock -n 9 || {
    echo "host $LAB_HOST is running already" >&2
    exit 75
  }

  # Process id, its start time in clock ticks and the boot of the machine: together they name this process and no later one.
  start_time=$(sed 's/^.*) //' /proc/$$/stat | cut -d' ' -f20)
  echo "$$ $start_time $(cat /proc/sys/kernel/random/boot_id)" >"$LAB_DISK/supervisor.new"
  mv "$LAB_DISK/supervisor.new" "$LAB_DISK/supervisor"

  cgroup_mount
  for hierarchy in $(cgroup_hierarchies); do cgroup_make "$hierarchy" "$LAB_INSTANCE/$LAB_HOST/machine"; done
  cgroup_enter "$LAB_INSTANCE/$LAB_HOST/supervisor"

  # The mounted root is at a fixed place that no other process sees.
  mount -t tmpfs -o mode=755 tmpfs /mnt
  root=/mnt/root
  mkdir "$root"
  if [ -d "$LAB_DISK/disk/root" ]; then
    mount --bind "$LAB_DISK/disk/root" "$root"
  else
    mount -t overlay -o "lowerdir=$LAB_BASE,upperdir=$LAB_DISK/disk/upper,workdir=$LAB_DISK/disk/work" overlay "$root"
    # A directory of its own: an overlay (container images) cannot stand on an overlay, and databases want a plain file system.
    mount --bind "$LAB_DISK/disk/var" "$root/var"
  fi
  provision "$root"
  for variant in $LAB_LIKE; do "$here/variants/$variant.sh" "$root"; done

  # What nspawn leaves behind when it is killed (/tmp/nspawn-root-*, /run/systemd/nspawn) goes with the namespace as well.
  mkdir -p /run/systemd/nspawn
  mount -t tmpfs -o mode=755 tmpfs /run/systemd/nspawn
  mount -t tmpfs -o mode=1777 tmpfs /tmp

  if [ "$(cgroup_version)" = 2 ]; then unified=1; else unified=0; fi
  export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=$unified SYSTEMD_NSPAWN_API_VFS_WRITABLE=1
  set -- --quiet --register=no --keep-unit --directory="$root" --machine="$LAB_HOST" --network-bridge="$LAB_BRIDGE" \
    --capability=all --system-call-filter='@keyring bpf' --link-journal=no --resolv-conf=off --timezone=off \
    --console=read-only --bind=/dev/kmsg --boot
  [ ! -d /lib/modules ] || set -- --bind-ro=/lib/modules "$@"

  # 133 is nspawn's way to say that the host asked for a reboot.
  status=133
  while [ "$status" = 133 ]; do
    status=0
    (
      # The process that is to become nspawn: of a subshell's ids only /proc/self tells the right one.
      read -r self _ </proc/self/stat
      for hierarchy in $(cgroup_hierarchies); do echo "$self" >"$hierarchy/$LAB_INSTANCE/$LAB_HOST/machine/cgroup.procs"; done
      exec systemd-nspawn "$@" 9>&-
    ) || status=$?
  done
  exit "$status"
}
