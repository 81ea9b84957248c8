# The drift of a host, as root: compares it with what the last `up` has left. The host script comes along, in a function
# `brought` in front of this: that of the host may be gone, or edited.

drift_report() {
  brought | report timeout 110 /bin/sh -s -- status --verify
}

printf 'plinth-facts 1\n'
etcd_access || etcd_access_early
side_by_side etcd_members drift_report drop_ins rules_gone
printf 'end\n'
