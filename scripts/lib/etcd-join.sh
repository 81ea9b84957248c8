# Etcd, before a member starts: this host's place among the members. Membership is listed before it is changed, one step at a
# time, so that a run killed at any point is finished by the next one.

# prepare_etcd_join UNIT NAME PEER-URL DATA CA CERT KEY TOKEN MEMBERS [PEER-CERT PEER-KEY]: this host without data becomes a member, as a
# learner where the cluster is in service; ETCD_BOOTSTRAP tells etcd how to start. Does nothing where there is data already. Bundles of
# clusters in service may have no PEER-CERT; their peer ports take CERT.
prepare_etcd_join() {
  local token members steps
  ETCD_NAME=$2 ETCD_PEER=$3 ETCD_CA=$5 ETCD_CERT=$6 ETCD_KEY=$7 token=$8 members=$9
  ETCD_PEER_CERT=${10:-$6} ETCD_PEER_KEY=${11:-$7}
  if ! units_show "$1"; then
    REASON=$FAILURE
    return 1
  fi
  unit_get "$1"
  # A running member has its data, wherever that is.
  if [ "$UNIT_ACTIVE" = active ] || etcd_has_data "$4"; then
    if [ ! -e "$ROOT$ETCD_BOOTSTRAP" ]; then
      etcd_bootstrap_spent "$ETCD_NAME" "$ETCD_PEER" || return 1
    fi
    return 0
  fi
  etcd_remains "$1" "$4" || return 1
  steps=0
  while [ "$steps" -lt 10 ]; do
    steps=$((steps + 1))
    etcd_others "$ETCD_NAME" "$members"
    etcd_list
    if [ -z "$ETCD_ENDPOINT" ]; then
      etcd_nobody || return 1
      restore_sow "$ETCD_NAME" "$ETCD_PEER" "$4" "$members" || return 1
      if [ -n "$SOWN" ]; then
        etcd_bootstrap_spent "$ETCD_NAME" "$ETCD_PEER"
      elif etcd_was_member; then
        REASON="the member of this host has served before, its data is gone, and no other member is in service: it begins no new, empty cluster. \
Bring the other members back (./plinth status), or restore a backup (./plinth restore)"
        return 1
      else
        etcd_bootstrap_write new "$members" "$token"
      fi
      return
    fi
    # There is a cluster by now, with data of its own.
    restore_unplant
    if etcd_find "$ETCD_PEER" && [ -z "$ETCD_STARTED" ]; then
      etcd_bootstrap_write existing "$(etcd_cluster)" "$token"
      return
    fi
    if [ -n "$ETCD_ID" ]; then
      etcd_remove "$ETCD_ID" "$ETCD_NAME" "this host was that member, and its data is gone" || return 1
    elif etcd_gone; then
      etcd_remove "$ETCD_ID" "$ETCD_GONE" "it is not in the inventory and does not answer" || return 1
    else
      etcd_add || return 1
    fi
  done
  REASON="the list of members keeps changing: is somebody else at it?"
  return 1
}

# etcd_was_member: whether this host has been a member of a cluster in service: its bundle was brought to its end once, or etcd was told by now
# that there is a cluster. Then others may have what it has lost, also where all of them refuse connections for a moment: under its old name
# and the cluster's token it would come back as the member that it was, without what that has voted for.
etcd_was_member() {
  [ -e "$STATE/bundles/etcd/manifest" ] || grep -qs '^ETCD_INITIAL_CLUSTER_STATE=existing$' "$ROOT$ETCD_BOOTSTRAP"
}

# etcd_remains UNIT DIRECTORY: what an etcd without its data has begun, over and over, goes aside; the unit must not begin it again.
etcd_remains() {
  if [ ! -d "$ROOT$2/member" ]; then
    return 0
  fi
  if ! REASON=$(control 600 stop "$1" 2>&1); then
    REASON="$1 does not stop: ${REASON##*"$NEWLINE"}"
    return 1
  fi
  etcd_keep "$2" || return 1
  say "etcd: the member's log is gone; what is left of its data is in ${KEPT_TO#"$ROOT"}"
}

# etcd_cluster: the listed members as etcd wants them. Names serve to tell them apart only, so those without a name, or with one that is
# taken, go by their id.
etcd_cluster() {
  awk -v me="$ETCD_NAME" -v mine="$ETCD_PEER" '
    BEGIN { taken[me] = 1 }
    {
      name = $2
      if (index("," $3 ",", "," mine ",")) name = me
      else if (name == "-" || name in taken) name = $1
      taken[name] = 1
      n = split($3, urls, ",")
      for (i = 1; i <= n; i++) { printf "%s%s=%s", comma, name, urls[i]; comma = "," }
    }' "$STAGE/etcd-members"
}

# etcd_gone: finds a member that is not declared and does not answer; sets ETCD_ID and ETCD_GONE. It leaves before another joins,
# because it counts for the quorum. One that answers is left: it is on its way out, and others see to that.
etcd_gone() {
  local id name peers clients declared url
  ETCD_ID='' ETCD_GONE=
  while read -r id name peers clients _; do
    declared=
    while read -r _ url; do
      case ,$peers, in
        *",$url,"*) declared=yes ;;
      esac
    done <"$STAGE/etcd-declared"
    if [ -z "$declared" ] && ! etcd_answers "$clients"; then
      ETCD_ID=$id ETCD_GONE=$name
      return 0
    fi
  done <"$STAGE/etcd-members"
  return 1
}

# etcd_answers CLIENT-URLS|-: whether a member is healthy, in one of two looks.
etcd_answers() {
  if [ "$1" = - ]; then
    return 1
  fi
  etcdctl_call 4 "${1%%,*}" endpoint health >/dev/null 2>&1 && return 0
  sleep 2
  etcdctl_call 4 "${1%%,*}" endpoint health >/dev/null 2>&1
}

# etcd_remove ID NAME WHY
etcd_remove() {
  if etcdctl_do "$ETCD_ENDPOINT" member remove "$1"; then
    say "etcd: removed the member $2 (id $1): $3"
    return 0
  fi
  case $REASON in
    *"member not found"*) return 0 ;;
  esac
  etcd_permanent
  REASON="the member $2 (id $1) has to leave the cluster first ($3), and could not be removed: $REASON"
  return 1
}

# etcd_add: a learner neither votes nor counts for the quorum until it has caught up.
etcd_add() {
  local learners
  if etcdctl_do "$ETCD_ENDPOINT" member add "$ETCD_NAME" --learner "--peer-urls=$ETCD_PEER"; then
    say "etcd: added $ETCD_NAME as a learner"
    return 0
  fi
  case $REASON in
    # Somebody was faster; the list will tell.
    *"Peer URLs already exists"*) return 0 ;;
    *"too many learner members"*)
      learners=$(awk '$5 == "learner" { printf " %s (id %s, %s)", $2, $1, $3 }' "$STAGE/etcd-members")
      REASON="another member is joining, and a cluster takes one learner at a time:$learners"
      return 1
      ;;
  esac
  etcd_permanent
  REASON="the cluster does not take $ETCD_NAME as a member: $REASON"
  return 1
}

# etcd_permanent: no patience where REASON will be the same for ever.
etcd_permanent() {
  case $REASON in
    *"permission denied"* | *"authentication is not enabled"* | *"user name is empty"* | *"unknown flag"*) PERMANENT=yes ;;
  esac
}

# etcd_nobody: whether, when no declared member has told the list, this is a first bring-up. A cluster that has ever served shows
# client URLs on its peer port even when it has no leader. A host that sees less than a majority may have been cut off from one.
etcd_nobody() {
  local total reached number silent name peer reason code
  total=1 reached=1 number=0 silent=
  while read -r name peer; do
    if [ "$name" = "$ETCD_NAME" ]; then
      continue
    fi
    number=$((number + 1)) total=$((total + 1))
    etcdctl_reason "$STAGE/etcd-error.$number"
    reason=$REASON
    case $reason in
      *"etcdserver: "*)
        REASON="the cluster is in service, but $name does not list its members: $reason"
        return 1
        ;;
    esac
    set --
    if [ "$ETCD_CA" != - ]; then
      set -- --cacert "$ROOT$ETCD_CA" --cert "$ROOT$ETCD_PEER_CERT" --key "$ROOT$ETCD_PEER_KEY"
    fi
    : >"$STAGE/body"
    # Not by HTTP/2: etcd agrees to it on its peer port, for gRPC, and then hangs up on whoever speaks it there.
    http_get --http1.1 "$@" "$peer/members"
    code=$?
    case $code in
      0)
        if grep -qF '"clientURLs":["' "$STAGE/body"; then
          REASON="the cluster is in service, but $name does not list its members (has it lost its quorum?): $reason"
          return 1
        fi
        reached=$((reached + 1))
        ;;
      6 | 7 | 28)
        case $reason in
          *"connection refused"*) reached=$((reached + 1)) ;;
          *) silent="$silent, $name ($reason)" ;;
        esac
        ;;
      *)
        REASON="$name answers on $peer, but not as a member of this cluster: $REASON"
        return 1
        ;;
    esac
  done <"$STAGE/etcd-declared"
  if [ "$reached" -le $((total / 2)) ]; then
    REASON="this host reaches $reached of $total declared members (itself included), \
so the cluster may be in service without it; not reached: ${silent#, }"
    return 1
  fi
}
