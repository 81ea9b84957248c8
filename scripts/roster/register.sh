# register.sh: one Node of the roster, from its first certificate to its labels and taints.
#
# Given besides: MACHINE_ID of the host; READINESS `required`, or `reported` where the pod network is somebody else's;
# MANIFEST, the Node with the labels and annotations of the inventory, as JSON; TAINTS, lines KEY|VALUE|EFFECT|; BALANCED, what
# load balancers ask the Node and how many seconds it must have been healthy for them, or nothing. By standard input: a line
# `token ID.SECRET`, the host's bootstrap token.
#
# Safe to run again, and to kill at any point: everything is read before it is changed.

token_close() {
  kube delete secret "bootstrap-token-${TOKEN%%.*}" -n kube-system --ignore-not-found >/dev/null
}

# hex: what comes from stdin, two digits for each byte.
hex() {
  od -An -v -tx1 | tr -d ' \n'
}

# attribute OID TEXT: one attribute of a name, as a pattern: its text is a PrintableString or a UTF8String.
attribute() {
  local text length
  text=$(printf '%s' "$2" | hex)
  length=$((${#text} / 2))
  printf '31%02x30%02x0603%s(13|0c)%02x%s' $((length + 9)) $((length + 7)) "$1" "$length" "$text"
}

# request_pattern: sets PATTERN to what the request of a kubelet for this Node's certificate is in DER, in hex, whatever its key: version 0; the
# subject O=system:nodes, CN=system:node:NODE and nothing else; a key on the curve P-256; no attributes, and by that no other names.
# Nobody's text is read for that, and none can pretend to be another one.
request_pattern() {
  local name key
  name=$(attribute 55040a system:nodes)$(attribute 550403 "system:node:$NODE")
  key="3059301306072a8648ce3d020106082a8648ce3d03010703420004[0-9a-f]{128}"
  PATTERN="30(81..|82....)30(..|81..|82....)02010030..$name${key}a000300a06082a8648ce3d04030[2-4]03[0-9a-f]*"
}

# approve: certificate requests made with this host's token, for a kubelet of this Node, and no other. What differs is left alone and named.
approve() {
  local request signer user fields body usages
  signer='(eq .spec.signerName "kubernetes.io/kube-apiserver-client-kubelet")'
  user='(eq .spec.username "system:bootstrap:'"${TOKEN%%.*}"'")'
  # A line for each: NAME REQUEST USAGE,USAGE,… where the first two are words for the API server.
  fields="{{.metadata.name}} {{.spec.request}} {{range .spec.usages}}{{urlquery .}},{{end}}{{\"\n\"}}"
  kube get csr >"$WORK/requests" \
    -o go-template="{{range .items}}{{if and $signer $user}}{{if not .status.conditions}}$fields{{end}}{{end}}{{end}}" ||
    return 1
  while read -r request body usages; do
    if printf '%s' "$body" | base64 -d 2>/dev/null | sed '/^-----/d' | base64 -d 2>/dev/null | hex | grep -Eqx "$PATTERN" &&
      [ "$usages" = "digital+signature,client+auth," ]; then
      kube certificate approve -- "$request" >/dev/null || return 1
      APPROVED=$((APPROVED + 1))
    else
      printf '%s: the certificate request %s is not what a kubelet of this Node asks for; it is not approved\n' "$NODE" "$request" >&2
    fi
  done <"$WORK/requests"
}

# joined: the Node is there, on this machine, and ready where that is required.
joined() {
  node_read
  node_verify
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
    approve || complaint
    if late; then
      token_close
      if [ "$FOUND" = no ]; then
        fail "no Node registered within $DEADLINE s: look at the kubelet there (journalctl -u kubelet)"
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

# declare_taints: what we set earlier and do not want any more goes, what others set stays. The Node is schedulable again
# when it was us who drained it.
declare_taints() {
  local owned drained owned_after before after schedule noted
  while :; do
    node_read
    node_field ".metadata.annotations.$TAINTS_ANNOTATION"
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
    if [ "$owned" = "$owned_after" ] && [ -z "$drained" ] &&
      [ "$(sort "$WORK/taints" | taints_json -)" = "$(sort "$WORK/after" | taints_json -)" ]; then
      return
    fi
    schedule=
    if [ "$drained" = uncordon ]; then
      schedule=',"unschedulable":null'
    fi
    noted="{\"$TAINTS_ANNOTATION\":\"$owned_after\",\"$DRAINED_ANNOTATION\":null}"
    if kube patch node "$NODE" --type=merge --field-manager="$MANAGER-taints" >/dev/null \
      -p "{\"metadata\":{\"resourceVersion\":\"$REVISION\",\"annotations\":$noted},\"spec\":{\"taints\":$after$schedule}}"; then
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
    if curl --silent --fail --max-time 1 --output /dev/null "$1" </dev/null; then
      now
      since=${since:-$NOW}
    else
      since=
    fi
    sleep 0.2
  done
}

: "${BALANCED=}"
read -r _ TOKEN || fail "no bootstrap token came by standard input"
APPROVED=0 TAINTED=false RETURNED=false
request_pattern
join
declare_labels
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
