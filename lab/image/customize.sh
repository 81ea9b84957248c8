#!/bin/sh
# Turns a freshly installed root file system into the lab's base image. Run by mmdebstrap outside of the new root.
# Usage: customize.sh ROOT
# Environment: LAB_USER: login name of the operator's account.
set -eu

root=$1
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
user=${LAB_USER:?name of the login user}

cp -R --no-preserve=ownership "$here/root/." "$root/"
chown -R root:root "$root/etc/ssh" "$root/etc/systemd" "$root/usr/local/lib/lab"

# The operator's account: no password, key only, sudo without asking, so that the sudo path is the one in use.
chroot "$root" useradd --create-home --shell /bin/sh "$user"
chroot "$root" usermod --lock root
install -d -m 700 "$root/home/$user/.ssh"
chroot "$root" chown -R "$user:$user" "/home/$user"
printf '%s ALL=(ALL:ALL) NOPASSWD: ALL\n' "$user" >"$root/etc/sudoers.d/lab"
chmod 440 "$root/etc/sudoers.d/lab"

grep -v '^#' "$here/masked-units.txt" | while read -r unit; do
  ln -sf /dev/null "$root/etc/systemd/system/$unit"
done
chroot "$root" systemctl --quiet enable systemd-networkd.service ssh.service lab-cgroups.service
chroot "$root" systemctl --quiet disable haproxy.service keepalived.service nftables.service 2>/dev/null
chroot "$root" systemctl --quiet set-default multi-user.target

# Kernel settings outside of the network namespace belong to the machine that carries the lab: the distribution's
# defaults must not reach it at every boot of a host. What an operator puts into /etc/sysctl.d still applies.
for settings in "$root"/usr/lib/sysctl.d/*.conf; do
  [ -e "$settings" ] || continue
  ln -sf /dev/null "$root/etc/sysctl.d/${settings##*/}"
done

# PAM complains at every login about a missing one.
printf 'LANG=C.UTF-8\n' >"$root/etc/default/locale"

# Identity and journal belong to each host, not to the image.
rm -f "$root"/etc/ssh/ssh_host_*
: >"$root/etc/machine-id"
rm -f "$root/var/lib/dbus/machine-id"
mkdir -p "$root/var/log/journal"
# The build leaves the building machine's names, package sources and proxies behind; a host has no way to reach them.
printf 'host\n' >"$root/etc/hostname"
printf '127.0.0.1 localhost\n' >"$root/etc/hosts"
# A package that makes it a link would have it lead out of the new root.
rm -f "$root/etc/resolv.conf"
printf '# The lab has no name server.\n' >"$root/etc/resolv.conf"
rm -f "$root/etc/apt/sources.list" "$root"/etc/apt/sources.list.d/* "$root/etc/apt/apt.conf.d/99mmdebstrap"
rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/* "$root"/usr/share/doc/* "$root"/usr/share/man/* \
  "$root"/usr/share/locale/*
if [ -d "$root/srv/packages" ]; then
  # The role for updates has it run.
  rm -f "$root/etc/systemd/system/apt-daily-upgrade.timer" "$root/etc/systemd/system/apt-daily-upgrade.service"
  printf 'Types: deb\nURIs: file:/srv/packages\nSuites: ./\nTrusted: yes\n' >"$root/etc/apt/sources.list.d/lab.sources"
fi
