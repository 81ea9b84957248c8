# uptime: sets UPTIME to hundredths of a second.
uptime() {
  read -r UPTIME _ </proc/uptime
  UPTIME=${UPTIME%.*}${UPTIME#*.}
}

main() {
  uptime
  ma_begin=$UPTIME
  printf 'plinth-facts 1\n'
  # What waits for others does so side by side, and beside the rest.
  etcd | {
    nodes </dev/null | {
      host </dev/null
      cat
    }
    cat
  }
  # As late as possible: the reader compares it with its own clock.
  uptime
  ma_took=$((UPTIME - ma_begin))
  printf 'clock %s\nelapsed %d.%02d\n' "$(date +%s.%3N)" $((ma_took / 100)) $((ma_took % 100))
  printf 'end\n'
}

# host: everything that needs nobody else.
host() {
  machine
  own_address
  time_sync
  capacity
  claim
  bundles
  populated
  listeners
  addresses
  commands
  versions
  cgroups
  for ho_feature in overlay br_netfilter nf_tables nf_conntrack vxlan; do
    feature "$ho_feature"
  done
  etcd_data
}

main
