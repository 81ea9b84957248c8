# shellcheck shell=sh
# Gives a mounted root a firewall that drops what is forwarded, loaded at each boot. Sourced after provision.sh.

# firewall ROOT: standard input has rules that accept something of it, one a line; may be empty.
firewall() {
  firewall_root=$1
  firewall_rules=$(sed 's/^/    /')
  write_if_changed "$firewall_root/etc/nftables.conf" 755 <<NFTABLES
#!/usr/sbin/nft -f
flush ruleset
table inet filter {
  chain input {
    type filter hook input priority filter; policy accept;
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
$firewall_rules
  }
}
NFTABLES
  mkdir -p "$firewall_root/etc/systemd/system/sysinit.target.wants"
  ln -sfn /usr/lib/systemd/system/nftables.service \
    "$firewall_root/etc/systemd/system/sysinit.target.wants/nftables.service"
}
