# access.sh: gives the roster its rights. It runs before every other step of the roster, and again when the rights change.
#
# Given besides: MANIFEST, the objects that give the rights, as JSON; API_SERVERS, the URLs of all API servers. By standard input: a
# kubeconfig of an administrator, which stays in memory and is used for this alone: nobody can give himself rights.

# An open file without a name: nothing of it is left, however this script ends.
exec 3<>"$WORK/administrator"
{ rm "$WORK/administrator" && cat >&3; } || fail "the administrator's credentials could not be kept in /dev/shm"
SERVER=$(kubectl config view -o 'jsonpath={.clusters[0].cluster.server}') || fail "the roster's kubeconfig cannot be read"

# given SERVER: whether an API server lets the roster do what it does. One that does not answer hears of its rights when it starts.
given() {
  if ! kube --server "$1" auth can-i delete nodes >"$WORK/answer"; then
    [ ! -s "$WORK/answer" ] && transient
    return
  fi
  kube --server "$1" auth can-i create secrets -n kube-system >/dev/null || return 1
  # Rights and their limit take effect at different moments. A dry run changes nothing.
  ! kube --server "$1" create secret generic plinth-roster -n kube-system --dry-run=server >/dev/null &&
    grep -q "ValidatingAdmissionPolicy '$ROSTER_POLICY'" "$WORK/error"
}

# as_administrator ARGUMENT…: kubectl with the administrator's credentials.
as_administrator() {
  kube --kubeconfig /proc/self/fd/3 --server "$SERVER" "$@"
}

# owners: Nodes that an earlier release has registered say who owns them in an annotation, which their kubelets can write. They get
# the label that none can write: once, before a release that knows the label does anything else, and noted in the objects below.
owners() {
  local known fields node owner
  known=$(of_node annotation "$OWNERS_NOTE")
  until as_administrator get clusterrole --ignore-not-found -o go-template="$(word "$known")" -- "$ROSTER_ROLE" >"$WORK/known"; do
    again || return 1
  done
  if [ ! -s "$WORK/known" ] || [ "$(cat "$WORK/known")" = label ]; then
    return 0
  fi
  fields="{{.metadata.name}} $(word "$(of_node annotation "$OWNER_ANNOTATION")") $(word "$(of_node label "$OWNER_LABEL")")"
  until as_administrator get nodes -o go-template="{{range .items}}$fields{{\"\n\"}}{{end}}" >"$WORK/nodes"; do
    again || return 1
  done
  while read -r node owner known; do
    if [ "$known" != - ] || [ "$owner" = - ]; then
      continue
    fi
    printf '%s' "$owner" | grep -Eqx '[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?' ||
      owner=$(printf '%s' "$owner" | sha256sum | cut -c1-40)
    until as_administrator label node -- "$node" "$OWNER_LABEL=$owner" </dev/null >/dev/null; do
      again || return 1
    done
  done <"$WORK/nodes"
}

owners || {
  complaint
  fail "the Nodes of earlier releases could not be labelled with their owners: $COMPLAINT"
}
until printf '%s\n' "$MANIFEST" |
  as_administrator apply --server-side --force-conflicts --field-manager=plinth -f - >"$WORK/applied"; do
  if ! again; then
    complaint
    fail "the roster's rights could not be given: $COMPLAINT"
  fi
done
# An API server hears of new rights a moment later.
for server in $API_SERVERS; do
  until given "$server"; do
    if late; then
      complaint
      fail "$server did not let the roster do its work within $DEADLINE s: ${COMPLAINT:-it refuses}"
    fi
    sleep 0.3
  done
done
printf '{"rights":"given","objects":%s}\n' "$(grep -c . "$WORK/applied")"
