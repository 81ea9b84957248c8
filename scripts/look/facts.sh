# The facts that are judged before a change: everything about the host itself, and the cluster as its own member and API
# server know it.

# time_now: sets NOW to hundredths of a second of a clock that nobody sets.
time_now() {
  read -r NOW _ </proc/uptime
  NOW=${NOW%.*}${NOW#*.}
}

facts_host() {
  machine_id
  machine
  capacity
  claim
  bundles
  certificates
  joined_anew
  restores
  data_directories
  role_files
  unmounted
  populated
  addresses
  vrrp
  selinux_mode
  noexec
  commands
  curl_version
  etcd_data
}

# facts_cluster: what only the cluster's hosts are judged by. It takes most of a look's time.
facts_cluster() {
  own_address
  time_sync
  listeners
  links
  resolvers
  forward_chains
  firewall
  versions
  cgroups
  features
}

facts() {
  local begin took
  time_now
  begin=$NOW
  printf 'plinth-facts 1\n'
  if [ -n "$MACHINE" ]; then
    facts_host
  else
    etcd_access
    # What waits for others does so beside the rest.
    side_by_side etcd_status etcd_members nodes facts_cluster facts_host
  fi
  # As late as possible: the reader compares it with its own clock.
  time_now
  took=$((NOW - begin))
  printf 'clock %s\nelapsed %d.%02d\n' "$(date +%s.%3N)" $((took / 100)) $((took % 100))
  printf 'end\n'
}

facts
