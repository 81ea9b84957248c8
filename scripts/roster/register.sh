# register.sh: one Node of the roster, from its first certificate to its labels and taints.
#
# Given besides: MACHINE_ID of the host; READINESS `required`, or `reported` where the pod network is somebody else's;
# MANIFEST, the Node with the labels and annotations of the inventory, as JSON; TAINTS, lines KEY|VALUE|EFFECT|; BALANCED, what
# load balancers ask the Node and how many seconds it must have been healthy for them, or nothing; ADDRESS of the host, or nothing where
# its kubelet gets its serving certificate elsewhere; GENERATION and JOINED_ANEW, see drain.sh, and with the latter HOST_ADDRESS of the
# host. By standard input: a line `token ID.SECRET`, the host's bootstrap token.
#
# Safe to run again, and to kill at any point: everything is read before it is changed.

token_close() {
  kube delete secret "bootstrap-token-${TOKEN%%.*}" -n kube-system --ignore-not-found >/dev/null
}

# serves: something answers at the kubelet's port. A kubelet that waits for its certificate does not listen yet.
serves() {
  direct_curl --silent --max-time 2 --cacert "${PLINTH_ROOT:-}$AUTHORITY_PATH" --output /dev/null \
    "https://$HOST_ADDRESS:$KUBELET_PORT/healthz" </dev/null
  case $? in
    # No connection, or no answer.
    7 | 28) return 1 ;;
  esac
}

# joined: the Node is there, on this machine, and ready where that is required. What is said of one whose kubelet joins anew may be old:
# nobody has missed it yet.
joined() {
  node_read
  node_verify
  if [ -n "$JOINED_ANEW" ] && [ "$JOINED_ANEW" = "$GENERATION" ] && ! serves; then
    SILENT=yes
    return 1
  fi
  SILENT=
  [ "$FOUND" = yes ] && [ -n "$MACHINE" ] && { [ "$READY" = True ] || { [ "$READINESS" = reported ] && [ -n "$READY" ]; }; }
}

join() {
  local why opened
  opened=
  while ! joined; do
    if [ -z "$opened" ]; then
      # drain.sh has made it valid before the kubelet started; it may have taken long.
      token_open $((DEADLINE + 60))
      opened=yes
    fi
    judge kube-apiserver-client-kubelet "system:bootstrap:${TOKEN%%.*}" 'digital+signature,client+auth,' || complaint
    if late; then
      token_close
      if [ "$FOUND" = no ]; then
        fail "no Node registered within $DEADLINE s: look at the kubelet there (journalctl -u kubelet)"
      fi
      if [ -n "$SILENT" ]; then
        fail "its kubelet has not joined anew within $DEADLINE s: look at the kubelet there (journalctl -u kubelet)"
      fi
      why=$(kube get node -o jsonpath='{range .status.conditions[?(@.type=="Ready")]}{.reason}: {.message}{end}' -- "$NODE" |
        tr -c '[:print:]' ' ')
      fail "the Node is not ready within $DEADLINE s (${why:-unknown}): look at kubelet and containerd there (journalctl -u kubelet -u containerd)"
    fi
    sleep 0.5
  done
  token_close || {
    complaint
    fail "its bootstrap token could not be taken back: $COMPLAINT"
  }
}

declare_labels() {
  while ! printf '%s\n' "$MANIFEST" | kube apply --server-side --field-manager="$MANAGER" -f - >/dev/null; do
    if again; then
      continue
    fi
    # The complaint has many lines; those that name a field or an owner tell.
    fail "labels and annotations could not be set: $(awk 'n < 6 && !/^Please/ { printf "%s%s", n++ ? " " : "", $0 }' "$WORK/error")"
  done
}

# serve: the kubelet serves with a certificate of the cluster for the address that the inventory gives it, so that API servers talk to it.
serve() {
  local url
  serving_pattern "$ADDRESS" || fail "no kubelet can ask for a certificate for the name $NODE and the address $ADDRESS"
  url=https://$ADDRESS:$KUBELET_PORT/healthz
  until direct_curl --silent --max-time 2 --cacert "${PLINTH_ROOT:-}$AUTHORITY_PATH" --output /dev/null "$url" </dev/null; do
    judge kubelet-serving "system:node:$NODE" 'digital+signature,server+auth,' || complaint
    if late; then
      fail "its kubelet did not serve with a certificate of the cluster at $url within $DEADLINE s:\
 look at the kubelet there (journalctl -u kubelet) and at its requests (kubectl get csr)"
    fi
    sleep 0.3
  done
}

# taints_digest LIST: what the label says about the list of taints that are ours.
taints_digest() {
  printf '%s' "$1" | sha256sum | cut -c1-40
}

# taints_owned: sets VALUE to the taints that we set earlier, as an annotation of the Node lists them. A list that the label does not
# speak of is the kubelet's own and proves nothing: otherwise it could shake off what others have set. Without the label it is of an
# earlier release.
taints_owned() {
  local digest
  node_field ".metadata.labels.$(printf '%s' "$TAINTS_LABEL" | sed 's/\./\\./g')"
  digest=$VALUE
  node_field ".metadata.annotations.$TAINTS_ANNOTATION"
  if [ -n "$digest" ] && [ "$digest" != "$(taints_digest "$VALUE")" ]; then
    printf '%s: its list of taints that are ours was changed by others; it is not followed\n' "$NODE" >&2
    VALUE=
  fi
  OWNED_KNOWN=$digest
}

# declare_taints: what we set earlier and do not want any more goes, what others set stays. The Node is schedulable again
# when it was us who drained it.
declare_taints() {
  local owned drained owned_after before after schedule noted
  while :; do
    node_read
    taints_owned
    owned=$VALUE
    node_field ".metadata.annotations.$DRAINED_ANNOTATION"
    drained=$VALUE
    taints_read
    printf '%s\n' "$TAINTS" | awk -F'|' 'NF >= 3' >"$WORK/wanted"
    # What the Node says of itself comes by the environment, where awk takes no backslash for anything else.
    OWNED=$owned DRAINED=$drained awk -F'|' -v uninitialized="$UNINITIALIZED_TAINT" -v leaving="$LEAVING_TAINT" '
      BEGIN { n = split(ENVIRON["OWNED"], list, ","); for (i = 1; i <= n; i++) ours[list[i]] = 1 }
      declared { wanted[$1 ":" $3] = 1; print; next }
      ($1 ":" $3) in wanted || ($1 ":" $3) in ours || $1 == uninitialized { next }
      $1 == leaving && ENVIRON["DRAINED"] != "" { next }
      { print }' declared=1 "$WORK/wanted" declared=0 "$WORK/taints" >"$WORK/after"
    owned_after=$(awk -F'|' '{ printf "%s%s:%s", n++ ? "," : "", $1, $3 }' "$WORK/wanted")
    before=$(taints_json "$WORK/taints")
    after=$(taints_json "$WORK/after")
    if [ "$OWNED_KNOWN" = "$(taints_digest "$owned_after")" ] && [ "$owned" = "$owned_after" ] && [ -z "$drained" ] &&
      [ "$(sort "$WORK/taints" | taints_json -)" = "$(sort "$WORK/after" | taints_json -)" ]; then
      return
    fi
    schedule=
    if [ "$drained" = uncordon ]; then
      schedule=',"unschedulable":null'
    fi
    noted="\"annotations\":{\"$TAINTS_ANNOTATION\":\"$owned_after\",\"$DRAINED_ANNOTATION\":null}"
    noted="$noted,\"labels\":{\"$TAINTS_LABEL\":\"$(taints_digest "$owned_after")\"}"
    if kube patch node "$NODE" --type=merge --field-manager="$MANAGER-taints" >/dev/null \
      -p "{\"metadata\":{\"resourceVersion\":\"$REVISION\",$noted},\"spec\":{\"taints\":$after$schedule}}"; then
      if [ "$before" != "$after" ]; then
        TAINTED=true
      fi
      if grep -q "^$LEAVING_TAINT|" "$WORK/taints" && ! grep -q "^$LEAVING_TAINT|" "$WORK/after"; then
        RETURNED=true
      fi
      return
    fi
    complaint
    case $COMPLAINT in
      *"has been modified"*) ;;
      *) transient || fail "its taints could not be set: $COMPLAINT" ;;
    esac
    if late; then
      fail "its taints could not be set within $DEADLINE s: others change the Node all the time"
    fi
  done
}

# balanced URL SECONDS: every load balancer gives connections to the Node again: it has been healthy as long as they want to see. Until
# then the next Node must not leave, or nobody serves.
balanced() {
  local since
  since=
  until [ -n "$since" ] && [ $((NOW - since)) -gt "$2" ]; do
    if late; then
      fail "kube-proxy there was not healthy for $2 s within $DEADLINE s ($1), so load balancers leave the Node out: journalctl -u kube-proxy"
    fi
    if direct_curl --silent --fail --max-time 1 --output /dev/null "$1" </dev/null; then
      now
      since=${since:-$NOW}
    else
      since=
    fi
    sleep 0.2
  done
}

: "${BALANCED=}" "${ADDRESS=}" "${GENERATION=}" "${JOINED_ANEW=}" "${HOST_ADDRESS=}"
read -r _ TOKEN || fail "no bootstrap token came by standard input"
APPROVED=0 TAINTED=false RETURNED=false
client_pattern
join
declare_labels
if [ -n "$ADDRESS" ]; then
  serve
fi
declare_taints
if [ "$RETURNED" = true ] && [ -n "$BALANCED" ]; then
  # shellcheck disable=SC2086 # two words
  balanced $BALANCED
fi
# What a drain looks for: this host has that runtime now.
until kube annotate --overwrite node "$NODE" "$RUNTIME_ANNOTATION=$RUNTIME" >/dev/null; do
  if ! again; then
    complaint
    fail "its runtime could not be noted down: $COMPLAINT"
  fi
done
printf '{"node":"%s","ready":"%s","certificatesApproved":%s,"taintsChanged":%s}\n' "$NODE" "$READY" "$APPROVED" "$TAINTED"
