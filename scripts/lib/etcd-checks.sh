# Etcd, once members run: whether they serve, vote and are enough.

# check_etcd_voter UNIT CLIENT-URL CA CERT KEY NAME MEMBERS: this host's member votes and answers a linearizable read, which a learner refuses.
# A learner is promoted; the cluster itself refuses that until the learner has caught up.
check_etcd_voter() {
  local peer name url
  ETCD_CA=$3 ETCD_CERT=$4 ETCD_KEY=$5
  etcd_others "$6" "$7"
  peer=
  while read -r name url; do
    if [ "$name" = "$6" ]; then
      peer=$url
    fi
  done <"$STAGE/etcd-declared"
  if etcdctl_do "$2" endpoint health; then
    etcd_bootstrap_spent "$6" "$peer"
    return
  fi
  case $REASON in
    *"not supported for learner"*) ;;
    *) return 1 ;;
  esac
  etcd_list
  if [ -z "$ETCD_ENDPOINT" ]; then
    REASON="it is a learner, and no other member answers to promote it"
    return 1
  fi
  if ! etcd_find "$peer"; then
    REASON="the cluster does not list it as a member"
    return 1
  fi
  if [ "$ETCD_KIND" = voter ] || etcdctl_do "$ETCD_ENDPOINT" member promote "$ETCD_ID"; then
    REASON="it has been promoted, and its member still answers as a learner"
  else
    REASON="it is a learner still: $REASON"
  fi
  return 1
}

# require_etcd_quorum UNIT CLIENT-URL CA CERT KEY: the voters besides this host's member are enough for a quorum, as far as they answer. Of
# two voters the other one must, although the cluster stands still for the restart. A member that does not answer itself takes nothing
# away: its cluster has no quorum, or is not served by it, and what is about to be restarted may be the remedy. Nobody can be asked with a
# certificate that has ended: it does so with those of the member.
require_etcd_quorum() {
  local self voters id name clients kind number well silent url needed
  ETCD_CA=$3 ETCD_CERT=$4 ETCD_KEY=$5
  if [ "$ETCD_CERT" != - ] && certificate_ended "$ROOT$ETCD_CERT"; then
    say "$1 is restarted without a look at the other members: the certificate has ended that they are asked with ($ETCD_CERT)"
    return 0
  fi
  WAIVED=yes
  etcdctl_do "$2" endpoint status || {
    REASON="its member does not answer itself: $REASON"
    return 1
  }
  self=$(awk -F', ' '{ print $2; exit }' "$STAGE/etcdctl")
  etcdctl_do "$2" member list || {
    REASON="its member does not list the cluster's members: $REASON"
    return 1
  }
  WAIVED=
  etcd_members "$STAGE/etcdctl"
  voters=0
  : >"$STAGE/etcd-asked"
  while read -r id name _ clients kind; do
    if [ "$kind" = learner ]; then
      # A learner neither votes nor is needed by those that do.
      if [ "$id" = "$self" ]; then
        return 0
      fi
      continue
    fi
    voters=$((voters + 1))
    if [ "$id" != "$self" ]; then
      printf '%s\n' "$name ${clients%%,*}" >>"$STAGE/etcd-asked"
    fi
  done <"$STAGE/etcd-members"
  if [ "$voters" -le 1 ]; then
    return 0
  fi
  etcd_ask endpoint health
  number=0 well=0 silent=
  while read -r name url; do
    number=$((number + 1))
    if [ -e "$STAGE/etcd-yes.$number" ]; then
      well=$((well + 1))
    else
      etcdctl_reason "$STAGE/etcd-error.$number"
      silent="$silent, $name at $url ($REASON)"
    fi
  done <"$STAGE/etcd-asked"
  needed=$((voters / 2 + 1))
  if [ "$needed" -ge "$voters" ]; then
    needed=$((voters - 1))
  fi
  if [ "$well" -lt "$needed" ]; then
    REASON="without it $well of $voters voters answer, $needed are needed; not well: ${silent#, }"
    return 1
  fi
}
