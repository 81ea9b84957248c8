# roster.sh: ends the membership of everything that is not on the roster: members of etcd one at a time, then Nodes. Nodes that were
# about to leave and are on the roster again are put back into service.
#
# Given besides: OWNER, whose Nodes are looked at; LOCAL, the URL of this host's member of etcd. By standard input: the roster.
# Safe to run again, and to kill at any point: what is there is read before each step.

# ask ENDPOINTS ARGUMENT…: etcdctl, output in WORK/etcd, its complaint in WORK/error.
ask() {
  local endpoints
  endpoints=$1
  shift
  timeout 15 etcdctl --endpoints "$endpoints" --cacert "$ETCD_PKI_PATH/ca.crt" \
    --cert "$ETCD_PKI_PATH/healthcheck.crt" --key "$ETCD_PKI_PATH/healthcheck.key" --dial-timeout 3s --command-timeout 8s "$@" \
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
  local id name peer client role stays later later_leads later_who later_client
  ID='' WHO='' CLIENT='' later=''
  while read -r id name peer client role stays; do
    if [ "$stays" = yes ]; then
      continue
    fi
    if [ "$role" = learner ] || ! answers "$client"; then
      ID=$id WHO="$name ($peer)" CLIENT=
      return 0
    fi
    if [ -z "$later" ] || [ "$later_leads" = yes ]; then
      ask "$client" endpoint status -w fields
      later_leads=no
      # "Leader" and "MemberID" are the same number for the leader.
      if awk '/^"MemberID"/ { me = $NF } /^"Leader"/ { leader = $NF } END { exit me != leader }' "$WORK/etcd"; then
        later_leads=yes
      fi
      later=$id later_who="$name ($peer)" later_client=$client
    fi
  done <"$WORK/members"
  if [ -z "$later" ]; then
    return 1
  fi
  ID=$later WHO=$later_who CLIENT=$later_client
  if [ "$later_leads" = yes ]; then
    hand_over
  fi
}

# hand_over: leadership goes to a member that stays and answers, before the leader leaves.
hand_over() {
  local id client role stays
  while read -r id _ _ client role stays; do
    if [ "$stays" = yes ] && [ "$role" = voter ] && answers "$client"; then
      if ask "$CLIENT" move-leader "$id"; then
        return
      fi
    fi
  done <"$WORK/members"
}

# members_leave: one after the other, each agreed to by a healthy cluster. etcd itself refuses what would cost the quorum, and
# a change within 5 s of a restart; that is asked again until the deadline.
members_leave() {
  local pause
  pause=1
  while :; do
    if members_read; then
      choose || return 0
      if ask "$LOCAL" member remove "$ID"; then
        printf '{"member":"%s","removed":true}\n' "$WHO"
        pause=1
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
    sleep "$pause"
    if [ "$pause" -lt 8 ]; then
      pause=$((pause * 2))
    fi
  done
}

# etcd_complaint: sets COMPLAINT to what etcdctl said last.
etcd_complaint() {
  COMPLAINT=$(awk '{ line = $0 } /"error":"/ { line = $0; sub(/.*"error":"/, "", line); sub(/".*/, "", line); found = line }
    END { print substr(found != "" ? found : line, 1, 300) }' "$WORK/error")
}

# node_stays uncordon|cordoned: NODE was about to leave and is on the roster again: it serves as before. The taint goes last: while
# it is there, a run that was killed is gone on with.
node_stays() {
  if [ "$1" = uncordon ]; then
    kube uncordon "$NODE" >/dev/null || return 1
  fi
  kube annotate node "$NODE" "$LEAVING_ANNOTATION-" >/dev/null || return 1
  kube taint node "$NODE" "$LEAVING_TAINT:NoSchedule-" >/dev/null || grep -q 'not found' "$WORK/error"
}

roster_read
# The stack of a worker pool has no say in who is a member of etcd.
if grep -q '^member ' "$WORK/roster"; then
  members_leave
fi
nodes_leaving
while read -r node _; do
  NODE=$node
  while ! kube delete node --ignore-not-found -- "$NODE" >/dev/null; do
    complaint
    if late; then
      fail "the Node could not be deleted within $DEADLINE s: $COMPLAINT"
    fi
    sleep 1
  done
  printf '{"node":"%s","deleted":true}\n' "$NODE"
done <"$WORK/leaving"
while read -r node before; do
  NODE=$node
  until node_stays "$before"; do
    if ! again; then
      complaint
      fail "the Node stays, and could not be put back into service: $COMPLAINT"
    fi
  done
  printf '{"node":"%s","stays":true}\n' "$NODE"
done <"$WORK/staying"
