# The status of a host, as root: what is on it, how its member is, how long its certificates last.

status_host() {
  uptime
  machine_id
  addresses
  certificates
}

status_report() {
  if [ -x "$ROOT$SCRIPTS_PATH/plinth-host" ]; then
    report timeout 15 "$ROOT$SCRIPTS_PATH/plinth-host" status
  fi
}

printf 'plinth-facts 1\n'
etcd_access || etcd_access_early
side_by_side etcd_status etcd_members etcd_measures etcd_data etcd_damage status_report status_host rules_gone backups failover
printf 'end\n'
