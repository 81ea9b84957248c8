# evacuation.sh: takes the pods off every Node that leaves. Disruption budgets are respected.
#
# Given besides: OWNER, whose Nodes are looked at; GRACE, seconds that pods get to end, or empty. By standard input: the roster.
#
# A Node that leaves stays cordoned when this fails: it is about to leave, and the next run goes on from there. A Node that
# is not ready cannot end pods in order: they go with the Node.

# note_cordon: what the Node was before us, `uncordon` or `cordoned`, for the day when it stays after all. A run that was
# killed has left its answer.
note_cordon() {
  local before
  node_field ".metadata.annotations.$LEAVING_ANNOTATION"
  if [ -n "$VALUE" ]; then
    return 0
  fi
  node_field .spec.unschedulable
  before=uncordon
  if [ "$VALUE" = true ]; then
    before=cordoned
  fi
  kube annotate --overwrite node "$NODE" "$LEAVING_ANNOTATION=$before" >/dev/null
}

# evacuate: one Node, in slices, so that a host that dies meanwhile is noticed. Returns 1 with BLOCKING set.
evacuate() {
  local evicted
  note_cordon || {
    complaint
    BLOCKING="it could not be marked as leaving: $COMPLAINT"
    return 1
  }
  # Load balancers see this through kube-proxy's health and send no new connections (KEP-3836).
  kube taint --overwrite node "$NODE" "$LEAVING_TAINT=plinth:NoSchedule" >/dev/null || {
    complaint
    BLOCKING="it could not be marked for the load balancers: $COMPLAINT"
    return 1
  }
  evicted=0
  while node_read && [ "$FOUND" = yes ] && [ "$READY" = True ]; do
    if node_drain 20s; then
      evicted=$((evicted + $(grep -c ' evicted$' "$WORK/drain")))
      printf '{"node":"%s","drained":true,"evicted":%s}\n' "$NODE" "$evicted"
      return 0
    fi
    evicted=$((evicted + $(grep -c ' evicted$' "$WORK/drain")))
    blocking
    if late; then
      return 1
    fi
  done
  printf '{"node":"%s","drained":false,"reason":"it is not ready: its pods go with it"}\n' "$NODE"
}

: "${GRACE=}"
roster_read
nodes_leaving
: >"$WORK/failures"
while read -r node reason; do
  if [ "$reason" = leaves ]; then
    NODE=$node
    if ! evacuate; then
      printf '%s: it could not be drained within %s s and stays cordoned: %s\n' "$NODE" "$DEADLINE" "$BLOCKING" >>"$WORK/failures"
    fi
  fi
done <"$WORK/leaving"
if [ -s "$WORK/failures" ]; then
  cat "$WORK/failures" >&2
  printf 'make room for what blocks (relax its disruption budget, or start more of it elsewhere) and run again: it goes on from there\n' >&2
  exit 1
fi
