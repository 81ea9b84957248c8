# Retire: a host that is about to leave hands over what it holds while it is still a member. What it carries stays until it
# is released; the units do not come back by a reboot.

# In this order: the VIP moves before anything that it leads to stops; controllers give their leases back; the API server asks
# its clients to go elsewhere and serves on through the load balancers of others until they are gone.
RETIRE_ORDER="keepalived.service kube-scheduler.service kube-controller-manager.service kube-apiserver.service haproxy.service"

# retire
retire() {
  stage_make
  claim_read
  lock_take "retire"
  release_facts
  rt_stopped=
  for rt_unit in $RETIRE_ORDER; do
    # shellcheck disable=SC2086 # a list of words
    if has_word "$rt_unit" $OWNED_UNITS; then
      unit_drop "$rt_unit" || die "$EXIT_FAILED" "$FAILURE; correct the cause and run again, it goes on from there"
      rt_stopped="$rt_stopped $rt_unit"
    fi
  done
  # shellcheck disable=SC2086 # a list of words
  json_list $rt_stopped
  printf '{"host":"%s","stopped":%s}\n' "$HOST" "$JSON"
}
