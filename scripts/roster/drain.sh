# drain.sh: makes one Node ready for what is done on its host next. Its pods are taken off before its runtime is replaced;
# disruption budgets are respected. A host that is no Node yet may ask for its certificate from here on.
#
# Given besides: MACHINE_ID of the host; RUNTIME, the versions that the host will have; GENERATION of what the host gets as a
# Node: reasons why this runs; JOINED_ANEW, the generation at which its kubelet was last let in because its certificate had ended, or
# nothing; GRACE, seconds that pods get to end, or empty. By standard input: a line `token ID.SECRET`, the host's bootstrap token.
#
# The Node stays cordoned and marked until register.sh takes that back, when the host is done.

: "${GRACE=}" "${GENERATION=}" "${JOINED_ANEW=}"
# Runtime, kubelet and registration come within that time, seconds; registration makes the token valid once more.
JOINING=900

read -r _ TOKEN || fail "no bootstrap token came by standard input"
node_read
node_verify
if [ "$FOUND" = no ]; then
  # Before its kubelet starts: one that is refused once does not ask again for many seconds.
  token_open "$JOINING"
  printf '{"node":"%s","drained":false,"reason":"there is no such Node yet, it may join","for":"%s"}\n' "$NODE" "$RUNTIME"
  exit 0
fi
if [ -n "$JOINED_ANEW" ] && [ "$JOINED_ANEW" = "$GENERATION" ]; then
  # Nothing can be drained there: its kubelet hears of nothing that is deleted.
  token_open "$JOINING"
  printf '{"node":"%s","drained":false,"reason":"the certificate of its kubelet has ended, it may join anew","for":"%s"}\n' "$NODE" "$RUNTIME"
  exit 0
fi
# A Node tells which runtime it was registered with: the step may only have moved to another control-plane host.
node_field ".metadata.annotations.$RUNTIME_ANNOTATION"
has=$VALUE
if [ -z "$has" ]; then
  # Registered by a release that did not note it down: what the kubelet says is the next best.
  node_field .status.nodeInfo.containerRuntimeVersion
  case "$RUNTIME" in
    "containerd ${VALUE#containerd://}, "*) has=$RUNTIME ;;
  esac
fi
if [ "$has" = "$RUNTIME" ]; then
  printf '{"node":"%s","drained":false,"reason":"it has that runtime already","for":"%s"}\n' "$NODE" "$RUNTIME"
  exit 0
fi
# `uncordon` or `cordoned`: what it was before us. A drain that was killed has left its answer.
node_field ".metadata.annotations.$DRAINED_ANNOTATION"
before=$VALUE
if [ -z "$before" ]; then
  before=uncordon
  node_field .spec.unschedulable
  if [ "$VALUE" = true ]; then
    before=cordoned
  fi
fi

# undo: in service again, unless somebody else had cordoned it.
undo() {
  kube taint node "$NODE" "$LEAVING_TAINT:NoSchedule-" >/dev/null
  if [ "$before" = uncordon ]; then
    kube uncordon "$NODE" >/dev/null
  fi
  kube annotate --overwrite node "$NODE" "$DRAINED_ANNOTATION-" ${has:+"$RUNTIME_ANNOTATION=$has"} >/dev/null
}

kube annotate --overwrite node "$NODE" "$DRAINED_ANNOTATION=$before" "$RUNTIME_ANNOTATION-" >/dev/null || {
  complaint
  fail "it could not be marked as drained: $COMPLAINT"
}
# Load balancers see this through kube-proxy's health and send no new connections (KEP-3836).
kube taint --overwrite node "$NODE" "$LEAVING_TAINT=plinth:NoSchedule" >/dev/null || {
  complaint
  fail "it could not be marked for the load balancers: $COMPLAINT"
}
if ! node_drain "${DEADLINE}s"; then
  blocking
  undo
  fail "it could not be drained within $DEADLINE s and is in service again: $BLOCKING"
fi
evicted=$(grep -c ' evicted$' "$WORK/drain")
printf '{"node":"%s","drained":true,"evicted":%s,"for":"%s"}\n' "$NODE" "$evicted" "$RUNTIME"
