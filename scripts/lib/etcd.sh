# Etcd: questions to members, and this host's place among them. Membership is listed before it is changed, one step at a time, so
# that a run killed at any point is finished by the next one.
#
# A member counts as started once it has client URLs: those of a first bring-up have names before they have ever run.

ETCD_BOOTSTRAP=/etc/etcd/bootstrap.env     # read by etcd only while it has no data; in no manifest
ETCD_CA=- ETCD_CERT=- ETCD_KEY=-           # credentials; `-`: no TLS

# etcdctl_call SECONDS ENDPOINT ARGUMENT…
etcdctl_call() {
  et_seconds=$1 et_endpoint=$2
  shift 2
  if [ "$ETCD_CA" != - ]; then
    set -- --cacert "$ROOT$ETCD_CA" --cert "$ROOT$ETCD_CERT" --key "$ROOT$ETCD_KEY" "$@"
  fi
  timeout $((et_seconds + 4)) "$OPT/bin/etcdctl" --endpoints "$et_endpoint" --dial-timeout 3s --command-timeout "${et_seconds}s" "$@" </dev/null
}

# etcdctl_reason FILE: sets REASON to etcdctl's sentence in what it wrote to stderr.
etcdctl_reason() {
  REASON=$(awk '
    { gsub(/\\"/, "\047"); line = $0 }
    /"error":"/ { line = $0; sub(/.*"error":"/, "", line); sub(/".*/, "", line); found = line }
    END { print substr(found != "" ? found : line, 1, 300) }' "$1")
}

# etcdctl_do ENDPOINT ARGUMENT…: output in STAGE/etcdctl; on failure REASON is etcdctl's sentence.
etcdctl_do() {
  if etcdctl_call 8 "$@" >"$STAGE/etcdctl" 2>"$STAGE/etcdctl.error"; then
    return 0
  fi
  etcdctl_reason "$STAGE/etcdctl.error"
  return 1
}

# etcdctl_run ENDPOINT CA CERT KEY ARGUMENT…: `etcdctl_do` with credentials.
etcdctl_run() {
  ec_endpoint=$1 ETCD_CA=$2 ETCD_CERT=$3 ETCD_KEY=$4
  shift 4
  etcdctl_do "$ec_endpoint" "$@"
}

# check_etcd_health UNIT ENDPOINT CA CERT KEY: the member answers a linearizable read, so it has a leader too.
check_etcd_health() {
  etcdctl_run "$2" "$3" "$4" "$5" endpoint health
}

# check_etcd_member UNIT ENDPOINT CA CERT KEY NAME: the cluster lists NAME as a started member.
check_etcd_member() {
  etcdctl_run "$2" "$3" "$4" "$5" member list || return 1
  if ! grep -qF ", started, $6, " "$STAGE/etcdctl"; then
    REASON="the cluster does not list $6 as a started member"
    return 1
  fi
}

# etcd_ask ARGUMENT…: the same question to each line `NAME URL|-` of STAGE/etcd-asked, side by side. Of the Nth line the answer is in
# STAGE/etcd-answer.N, the complaint in STAGE/etcd-error.N; STAGE/etcd-yes.N is there when it was answered well.
etcd_ask() {
  rm -f "$STAGE"/etcd-answer.* "$STAGE"/etcd-error.* "$STAGE"/etcd-yes.*
  ea_number=0 ea_children=
  while read -r _ ea_url; do
    ea_number=$((ea_number + 1))
    if [ "$ea_url" = - ]; then
      printf 'it has never started\n' >"$STAGE/etcd-error.$ea_number"
      continue
    fi
    { etcdctl_call 4 "$ea_url" "$@" >"$STAGE/etcd-answer.$ea_number" 2>"$STAGE/etcd-error.$ea_number" && : >"$STAGE/etcd-yes.$ea_number"; } &
    ea_children="$ea_children $!"
  done <"$STAGE/etcd-asked"
  # shellcheck disable=SC2086 # a list of words
  wait $ea_children
}

# etcd_others NAME MEMBERS: writes the declared members but NAME to STAGE/etcd-asked, as `NAME CLIENT-URL`, and all of them to
# STAGE/etcd-declared as `NAME PEER-URL`. MEMBERS is `NAME=PEER-URL,…`; a client URL differs in its port.
etcd_others() {
  printf '%s\n' "$2" | awk -v me="$1" -v stage="$STAGE" '{
    printf "" > (stage "/etcd-asked"); printf "" > (stage "/etcd-declared")
    n = split($0, members, ",")
    for (i = 1; i <= n; i++) {
      at = index(members[i], "=")
      name = substr(members[i], 1, at - 1); url = substr(members[i], at + 1)
      print name, url > (stage "/etcd-declared")
      sub(/:[0-9]+$/, ":2379", url)
      if (name != me) print name, url > (stage "/etcd-asked")
    }
  }'
}

# etcd_members FILE: what `member list` has answered, to STAGE/etcd-members: ID NAME|- PEER-URLS CLIENT-URLS|- learner|voter.
etcd_members() {
  awk -F', ' '{ print $1, $3 == "" ? "-" : $3, $4, $5 == "" ? "-" : $5, $6 == "true" ? "learner" : "voter" }' "$1" >"$STAGE/etcd-members"
}

# etcd_list: asks the members of STAGE/etcd-asked for the list. Sets ETCD_ENDPOINT to the first that answers, or to nothing.
etcd_list() {
  ETCD_ENDPOINT=
  etcd_ask member list
  el_number=0
  while read -r _ el_url; do
    el_number=$((el_number + 1))
    if [ -z "$ETCD_ENDPOINT" ] && [ -e "$STAGE/etcd-yes.$el_number" ]; then
      ETCD_ENDPOINT=$el_url
      etcd_members "$STAGE/etcd-answer.$el_number"
    fi
  done <"$STAGE/etcd-asked"
}

# etcd_find PEER-URL: sets ETCD_ID, ETCD_STARTED (yes or nothing) and ETCD_KIND of the listed member with that URL. Returns 1 when there is none.
etcd_find() {
  ETCD_ID='' ETCD_STARTED='' ETCD_KIND=
  while read -r ef_id _ ef_peers ef_clients ef_kind; do
    case ,$ef_peers, in
      *",$1,"*)
        ETCD_ID=$ef_id ETCD_KIND=$ef_kind
        if [ "$ef_clients" != - ]; then
          ETCD_STARTED=yes
        fi
        return 0
        ;;
    esac
  done <"$STAGE/etcd-members"
  return 1
}

# etcd_bootstrap_write STATE CLUSTER TOKEN: the file that etcd reads at a start without data.
etcd_bootstrap_write() {
  printf '%s\n' "# Made by plinth-host. Read by etcd only while it has no data." \
    "ETCD_INITIAL_CLUSTER=$2" "ETCD_INITIAL_CLUSTER_STATE=$1" ${3:+"ETCD_INITIAL_CLUSTER_TOKEN=$3"} >"$STAGE/bootstrap.env"
  if cmp -s "$STAGE/bootstrap.env" "$ROOT$ETCD_BOOTSTRAP"; then
    return 0
  fi
  if ! write_atomic "$ROOT$ETCD_BOOTSTRAP" 0644 <"$STAGE/bootstrap.env"; then
    REASON="cannot write $ETCD_BOOTSTRAP (is the disk full or read-only?)"
    return 1
  fi
}

# etcd_bootstrap_spent NAME PEER-URL: the file of a member that has its data. With it an etcd whose data is lost refuses to start: it
# must neither begin a cluster of its own nor come back under its old id without what it has voted for. `etcd-join` knows what to do.
etcd_bootstrap_spent() {
  etcd_bootstrap_write existing "$1=$2" ''
}

# prepare_etcd_join UNIT NAME PEER-URL DATA CA CERT KEY TOKEN MEMBERS: this host without data becomes a member, as a learner where the cluster is in
# service; ETCD_BOOTSTRAP tells etcd how to start. Does nothing where there is data already.
prepare_etcd_join() {
  ETCD_NAME=$2 ETCD_PEER=$3 ETCD_CA=$5 ETCD_CERT=$6 ETCD_KEY=$7 ej_token=$8 ej_members=$9
  if ! units_show "$1"; then
    REASON=$FAILURE
    return 1
  fi
  unit_get "$1"
  # A running member has its data, wherever that is.
  if [ -d "$ROOT$4/member" ] || [ "$UNIT_ACTIVE" = active ]; then
    if [ ! -e "$ROOT$ETCD_BOOTSTRAP" ]; then
      etcd_bootstrap_spent "$ETCD_NAME" "$ETCD_PEER" || return 1
    fi
    return 0
  fi
  ej_steps=0
  while [ "$ej_steps" -lt 10 ]; do
    ej_steps=$((ej_steps + 1))
    etcd_others "$ETCD_NAME" "$ej_members"
    etcd_list
    if [ -z "$ETCD_ENDPOINT" ]; then
      etcd_nobody || return 1
      etcd_bootstrap_write new "$ej_members" "$ej_token"
      return
    fi
    if etcd_find "$ETCD_PEER" && [ -z "$ETCD_STARTED" ]; then
      etcd_bootstrap_write existing "$(etcd_cluster)" "$ej_token"
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
  ETCD_ID='' ETCD_GONE=
  while read -r eg_id eg_name eg_peers eg_clients _; do
    eg_declared=
    while read -r _ eg_url; do
      case ,$eg_peers, in
        *",$eg_url,"*) eg_declared=yes ;;
      esac
    done <"$STAGE/etcd-declared"
    if [ -z "$eg_declared" ] && ! etcd_answers "$eg_clients"; then
      ETCD_ID=$eg_id ETCD_GONE=$eg_name
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
  if etcdctl_do "$ETCD_ENDPOINT" member add "$ETCD_NAME" --learner "--peer-urls=$ETCD_PEER"; then
    say "etcd: added $ETCD_NAME as a learner"
    return 0
  fi
  case $REASON in
    # Somebody was faster; the list will tell.
    *"Peer URLs already exists"*) return 0 ;;
    *"too many learner members"*)
      REASON="another member is joining, and a cluster takes one learner at a time:$(awk '$5 == "learner" { printf " %s (id %s, %s)", $2, $1, $3 }' "$STAGE/etcd-members")"
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
  en_total=1 en_reached=1 en_number=0 en_silent=
  while read -r en_name en_peer; do
    if [ "$en_name" = "$ETCD_NAME" ]; then
      continue
    fi
    en_number=$((en_number + 1)) en_total=$((en_total + 1))
    etcdctl_reason "$STAGE/etcd-error.$en_number"
    en_reason=$REASON
    case $en_reason in
      *"etcdserver: "*)
        REASON="the cluster is in service, but $en_name does not list its members: $en_reason"
        return 1
        ;;
    esac
    set --
    if [ "$ETCD_CA" != - ]; then
      set -- --cacert "$ROOT$ETCD_CA" --cert "$ROOT$ETCD_CERT" --key "$ROOT$ETCD_KEY"
    fi
    : >"$STAGE/body"
    # Not by HTTP/2: etcd agrees to it on its peer port, for gRPC, and then hangs up on whoever speaks it there.
    http_get --http1.1 "$@" "$en_peer/members"
    en_code=$?
    case $en_code in
      0)
        if grep -qF '"clientURLs":["' "$STAGE/body"; then
          REASON="the cluster is in service, but $en_name does not list its members (has it lost its quorum?): $en_reason"
          return 1
        fi
        en_reached=$((en_reached + 1))
        ;;
      6 | 7 | 28)
        case $en_reason in
          *"connection refused"*) en_reached=$((en_reached + 1)) ;;
          *) en_silent="$en_silent, $en_name ($en_reason)" ;;
        esac
        ;;
      *)
        REASON="$en_name answers on $en_peer, but not as a member of this cluster: $REASON"
        return 1
        ;;
    esac
  done <"$STAGE/etcd-declared"
  if [ "$en_reached" -le $((en_total / 2)) ]; then
    REASON="this host reaches $en_reached of $en_total declared members (itself included), so the cluster may be in service without it; not reached: ${en_silent#, }"
    return 1
  fi
}

# check_etcd_voter UNIT CLIENT-URL CA CERT KEY NAME MEMBERS: this host's member votes and answers a linearizable read, which a learner refuses.
# A learner is promoted; the cluster itself refuses that until the learner has caught up.
check_etcd_voter() {
  ETCD_CA=$3 ETCD_CERT=$4 ETCD_KEY=$5
  etcd_others "$6" "$7"
  cv_peer=
  while read -r cv_name cv_url; do
    if [ "$cv_name" = "$6" ]; then
      cv_peer=$cv_url
    fi
  done <"$STAGE/etcd-declared"
  if etcdctl_do "$2" endpoint health; then
    etcd_bootstrap_spent "$6" "$cv_peer"
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
  if ! etcd_find "$cv_peer"; then
    REASON="the cluster does not list it as a member"
    return 1
  fi
  if [ "$ETCD_KIND" = voter ] || etcdctl_do "$ETCD_ENDPOINT" member promote "$ETCD_ID"; then
    REASON="it has been promoted and does not know yet"
  else
    REASON="it is a learner still: $REASON"
  fi
  return 1
}

# require_etcd_quorum UNIT CLIENT-URL CA CERT KEY: the voters besides this host's member are enough for a quorum, as far as they answer. Of
# two voters the other one must, although the cluster stands still for the restart. A member that does not answer itself takes nothing
# away: its cluster has no quorum, or is not served by it, and what is about to be restarted may be the remedy.
require_etcd_quorum() {
  ETCD_CA=$3 ETCD_CERT=$4 ETCD_KEY=$5
  WAIVED=yes
  etcdctl_do "$2" endpoint status || {
    REASON="its member does not answer itself: $REASON"
    return 1
  }
  eq_self=$(awk -F', ' '{ print $2; exit }' "$STAGE/etcdctl")
  etcdctl_do "$2" member list || {
    REASON="its member does not list the cluster's members: $REASON"
    return 1
  }
  WAIVED=
  etcd_members "$STAGE/etcdctl"
  eq_voters=0
  : >"$STAGE/etcd-asked"
  while read -r eq_id eq_name _ eq_clients eq_kind; do
    if [ "$eq_kind" = learner ]; then
      # A learner neither votes nor is needed by those that do.
      if [ "$eq_id" = "$eq_self" ]; then
        return 0
      fi
      continue
    fi
    eq_voters=$((eq_voters + 1))
    if [ "$eq_id" != "$eq_self" ]; then
      printf '%s\n' "$eq_name ${eq_clients%%,*}" >>"$STAGE/etcd-asked"
    fi
  done <"$STAGE/etcd-members"
  if [ "$eq_voters" -le 1 ]; then
    return 0
  fi
  etcd_ask endpoint health
  eq_number=0 eq_well=0 eq_silent=
  while read -r eq_name eq_url; do
    eq_number=$((eq_number + 1))
    if [ -e "$STAGE/etcd-yes.$eq_number" ]; then
      eq_well=$((eq_well + 1))
    else
      etcdctl_reason "$STAGE/etcd-error.$eq_number"
      eq_silent="$eq_silent, $eq_name at $eq_url ($REASON)"
    fi
  done <"$STAGE/etcd-asked"
  eq_needed=$((eq_voters / 2 + 1))
  if [ "$eq_needed" -ge "$eq_voters" ]; then
    eq_needed=$((eq_voters - 1))
  fi
  if [ "$eq_well" -lt "$eq_needed" ]; then
    REASON="without it $eq_well of $eq_voters voters answer, $eq_needed are needed; not well: ${eq_silent#, }"
    return 1
  fi
}
