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

# asks_for_node REQUEST: whether a certificate request is for this Node's name.
asks_for_node() {
  kube describe csr "$1" >"$WORK/request" || return 2
  awk -v wanted="system:node:$NODE" '
    $1 == "Common" && $2 == "Name:" { name = $3 }
    $1 == "Organization:" { organization = $2 }
    END { exit !(name == wanted && organization == "system:nodes") }' "$WORK/request"
}

# approve: certificate requests made with this host's token, for this Node's name and no other. One that another token has left, of a
# run that was killed, is deleted: a kubelet waits for what it has asked for with its key once, whatever token it has got since.
approve() {
  local request user open
  open='{{if eq .spec.signerName "kubernetes.io/kube-apiserver-client-kubelet"}}{{if not .status.conditions}}'
  kube get csr >"$WORK/requests" \
    -o go-template="{{range .items}}$open{{.metadata.name}} {{urlquery .spec.username}}{{\"\\n\"}}{{end}}{{end}}{{end}}" ||
    return 1
  while read -r request user; do
    case $user in
      "system%3Abootstrap%3A${TOKEN%%.*}")
        if asks_for_node "$request"; then
          kube certificate approve "$request" >/dev/null || return 1
          APPROVED=$((APPROVED + 1))
        elif [ "$?" -eq 2 ]; then
          return 1
        else
          printf '%s: the certificate request %s asks for another name than this Node; it is not approved\n' "$NODE" "$request" >&2
        fi
        ;;
      system%3Abootstrap%3A*)
        if asks_for_node "$request"; then
          kube delete csr "$request" --ignore-not-found >/dev/null || return 1
          printf '%s: the certificate request %s was made with an earlier token; it is deleted, and its kubelet asks again\n' "$NODE" "$request" >&2
        fi
        ;;
    esac
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
      why=$(kube get node "$NODE" -o jsonpath='{range .status.conditions[?(@.type=="Ready")]}{.reason}: {.message}{end}') || why=unknown
      fail "the Node is not ready within $DEADLINE s ($why): look at kubelet and containerd there (journalctl -u kubelet -u containerd)"
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
    awk -F'|' -v owned="$owned" -v drained="$drained" -v uninitialized="$UNINITIALIZED_TAINT" -v leaving="$LEAVING_TAINT" '
      BEGIN { n = split(owned, list, ","); for (i = 1; i <= n; i++) ours[list[i]] = 1 }
      declared { wanted[$1 ":" $3] = 1; print; next }
      ($1 ":" $3) in wanted || ($1 ":" $3) in ours || $1 == uninitialized { next }
      $1 == leaving && drained != "" { next }
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
