# roster.sh: ends the membership of everything that is not on the roster: members of etcd one at a time, then Nodes. Nodes that were
# about to leave and are on the roster again are put back into service.
#
# Given besides: OWNER, whose Nodes are looked at; LOCAL, the URL of this host's member of etcd. By standard input: the roster.
# Safe to run again, and to kill at any point: what is there is read before each step.

PKI=/etc/kubernetes/pki/etcd

# ask ENDPOINTS ARGUMENT…: etcdctl, output in WORK/etcd, its complaint in WORK/error.
ask() {
  as_endpoints=$1
  shift
  timeout 15 /opt/plinth/bin/etcdctl --endpoints "$as_endpoints" --cacert "$PKI/ca.crt" \
    --cert "$PKI/healthcheck.crt" --key "$PKI/healthcheck.key" --dial-timeout 3s --command-timeout 8s "$@" \
    >"$WORK/etcd" 2>"$WORK/error" </dev/null
}

# members_read: WORK/members, lines `ID NAME|- PEER_URL CLIENT_URL|- learner|voter yes|no`, the last whether it stays.
members_read() {
  ask "$LOCAL" member list || return 1
  awk -F', ' '
    NR == FNR { split($0, f, " "); if (f[1] == "member") stays[f[3]] = 1; next }
    { print $1, ($3 == "" ? "-" : $3), $4, ($5 == "" ? "-" : $5), ($6 == "true" ? "learner" : "voter"), ($4 in stays ? "yes" : "no") }' \
    "$WORK/roster" "$WORK/etcd" >"$WORK/members"
}

# answers CLIENT_URL: a linearizable read, or for a learner its status.
answers() {
  [ "$1" != - ] && { ask "$1" endpoint health || ask "$1" endpoint status; }
}

# choose: sets ID, WHO and CLIENT to the member that leaves next: one that does not answer before one that does, the leader last.
choose() {
  ID='' WHO='' CLIENT='' ch_later=''
  while read -r ch_id ch_name ch_peer ch_client ch_role ch_stays; do
    if [ "$ch_stays" = yes ]; then
      continue
    fi
    if [ "$ch_role" = learner ] || ! answers "$ch_client"; then
      ID=$ch_id WHO="$ch_name ($ch_peer)" CLIENT=
      return 0
    fi
    if [ -z "$ch_later" ] || [ "$ch_later_leads" = yes ]; then
      ask "$ch_client" endpoint status -w fields
      ch_later_leads=no
      # "Leader" and "MemberID" are the same number for the leader.
      if awk '/^"MemberID"/ { me = $NF } /^"Leader"/ { leader = $NF } END { exit me != leader }' "$WORK/etcd"; then
        ch_later_leads=yes
      fi
      ch_later=$ch_id ch_later_who="$ch_name ($ch_peer)" ch_later_client=$ch_client
    fi
  done <"$WORK/members"
  if [ -z "$ch_later" ]; then
    return 1
  fi
  ID=$ch_later WHO=$ch_later_who CLIENT=$ch_later_client
  if [ "$ch_later_leads" = yes ]; then
    hand_over
  fi
}

# hand_over: leadership goes to a member that stays and answers, before the leader leaves.
hand_over() {
  while read -r ho_id _ _ ho_client ho_role ho_stays; do
    if [ "$ho_stays" = yes ] && [ "$ho_role" = voter ] && answers "$ho_client"; then
      if ask "$CLIENT" move-leader "$ho_id"; then
        return
      fi
    fi
  done <"$WORK/members"
}

# members_leave: one after the other, each agreed to by a healthy cluster. etcd itself refuses what would cost the quorum, and
# a change within 5 s of a restart; that is asked again until the deadline.
members_leave() {
  ml_pause=1
  while :; do
    if members_read; then
      choose || return 0
      if ask "$LOCAL" member remove "$ID"; then
        printf '{"member":"%s","removed":true}\n' "$WHO"
        ml_pause=1
        continue
      fi
    fi
    etcd_complaint
    case $COMPLAINT in
      *"member not found"*) continue ;;
    esac
    if late; then
      fail "the etcd member ${WHO:-of the roster} could not be removed within $DEADLINE s: $COMPLAINT"
    fi
    sleep "$ml_pause"
    if [ "$ml_pause" -lt 8 ]; then
      ml_pause=$((ml_pause * 2))
    fi
  done
}

# etcd_complaint: sets COMPLAINT to what etcdctl said last.
etcd_complaint() {
  COMPLAINT=$(awk '{ line = $0 } /"error":"/ { line = $0; sub(/.*"error":"/, "", line); sub(/".*/, "", line); found = line }
    END { print substr(found != "" ? found : line, 1, 300) }' "$WORK/error")
}

# node_stays uncordon|cordoned: NODE was about to leave and is on the roster again: it serves as before.
node_stays() {
  kube taint node "$NODE" ToBeDeletedByClusterAutoscaler:NoSchedule- >/dev/null || grep -q 'not found' "$WORK/error" || return 1
  if [ "$1" = uncordon ]; then
    kube uncordon "$NODE" >/dev/null || return 1
  fi
  kube annotate node "$NODE" plinth/leaving- >/dev/null
}

roster_read
# The stack of a worker pool has no say in who is a member of etcd.
if grep -q '^member ' "$WORK/roster"; then
  members_leave
fi
nodes_leaving
while read -r no_node _; do
  NODE=$no_node
  while ! kube delete node "$NODE" --ignore-not-found >/dev/null; do
    complaint
    if late; then
      fail "the Node could not be deleted within $DEADLINE s: $COMPLAINT"
    fi
    sleep 1
  done
  printf '{"node":"%s","deleted":true}\n' "$NODE"
done <"$WORK/leaving"
while read -r no_node no_before; do
  NODE=$no_node
  until node_stays "$no_before"; do
    if ! again; then
      complaint
      fail "the Node stays, and could not be put back into service: $COMPLAINT"
    fi
  done
  printf '{"node":"%s","stays":true}\n' "$NODE"
done <"$WORK/staying"
