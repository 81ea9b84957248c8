# shellcheck shell=sh
# Gives a mounted root its identity: name, address, keys. Sourced by boot.sh; see there for the variables.

# write_if_changed FILE MODE: standard input becomes FILE, which is left alone when it says the same already.
write_if_changed() {
  write_new=$(mktemp "$1.XXXXXX")
  cat >"$write_new"
  chmod "$2" "$write_new"
  if cmp -s "$write_new" "$1"; then rm "$write_new"; else mv "$write_new" "$1"; fi
}

# A stable hardware address made of the IPv4 address: the neighbours' caches stay right when the host boots again.
hardware_address() {
  echo "${LAB_ADDRESS%/*}" | awk -F. '{ printf "02:00:%02x:%02x:%02x:%02x\n", $1, $2, $3, $4 }'
}

provision() {
  provision_root=$1
  # Once per disk: the identity of this installation.
  [ -s "$provision_root/etc/machine-id" ] ||
    tr -d - </proc/sys/kernel/random/uuid | write_if_changed "$provision_root/etc/machine-id" 444
  echo "$LAB_HOST" | write_if_changed "$provision_root/etc/hostname" 644
  write_if_changed "$provision_root/etc/hosts" 644 <<HOSTS
127.0.0.1 localhost
${LAB_ADDRESS%/*} $LAB_HOST
HOSTS
  # No gateway: no packet of a host can leave the lab's network namespace. Variants add to this file by drop-ins.
  write_if_changed "$provision_root/etc/systemd/network/10-lab.network" 644 <<NETWORK
[Match]
Name=host0
[Link]
MACAddress=$(hardware_address)
[Network]
Address=$LAB_ADDRESS
LinkLocalAddressing=no
IPv6AcceptRA=no
LLDP=no
NETWORK
  provision_ssh=$provision_root/home/$LAB_USER/.ssh
  write_if_changed "$provision_ssh/authorized_keys" 600 <"$LAB_SSH/id_ed25519.pub"
  chown --reference="$provision_ssh" "$provision_ssh/authorized_keys"
  write_if_changed "$provision_root/etc/ssh/ssh_host_ed25519_key" 600 <"$LAB_SSH/hosts/$LAB_HOST/ssh_host_ed25519_key"
  write_if_changed "$provision_root/etc/ssh/ssh_host_ed25519_key.pub" 644 \
    <"$LAB_SSH/hosts/$LAB_HOST/ssh_host_ed25519_key.pub"
}
