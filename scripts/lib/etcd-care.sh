# Etcd: what a member needs now and then. Each defragmentation is of the member of this host alone, and of one member at a time in
# the whole cluster: a member that is defragmented answers nobody, and the others serve meanwhile.

ETCD_HISTORY=$STATE/etcd-history           # samples of `etcd_measure`, one a line, the oldest first
ETCD_SAMPLES=200                           # a week and a day of them, at one an hour
ETCD_LOCK=/plinth/etcd-care                # key in etcd, of whoever defragments

# etcd_verb VERB ARGUMENT…
etcd_verb() {
  local verb
  verb=${1-}
  ETCD_ABOVE='' ETCD_LEAST=0 ETCD_APISERVERS=
  shift "$(($# > 0))"
  while [ $# -ge 2 ]; do
    case $1 in
      --above) ETCD_ABOVE=$2 ;;
      --least) ETCD_LEAST=$2 ;;
      --apiservers) ETCD_APISERVERS=$(printf '%s' "$2" | tr , ' ') ;;
      *) die "$EXIT_BAD_INPUT" "unknown option $1 of etcd $verb" ;;
    esac
    shift 2
  done
  case ${ETCD_ABOVE:-0}-$ETCD_LEAST-$# in
    *[!0-9-]* | *-[1-9]*-[1-9]* | *-0-[1-9]*) die "$EXIT_BAD_INPUT" "the options of etcd $verb are not right" ;;
  esac
  stage_make
  claim_read
  host_name
  etcd_here || die "$EXIT_REFUSED" "this host has no member of etcd that was brought to its end: run up"
  case $verb in
    care) etcd_care ;;
    defrag) etcd_defrag ;;
    resume) etcd_resume_left ;;
    compact) etcd_compact ;;
    disarm) etcd_disarm ;;
    hashes) etcd_hashes ;;
    set-aside) etcd_set_aside ;;
    rejoin) etcd_rejoin ;;
    *) die "$EXIT_BAD_INPUT" "unknown verb etcd $verb" ;;
  esac
}

# etcd_here: sets, from the manifests of this host, how its member is asked (ETCD_URL, ETCD_CA, ETCD_CERT, ETCD_KEY), what it is
# (ETCD_NAME, ETCD_PEER, ETCD_DATA, ETCD_DECLARED), and its API server, where there is one (API_URL, API_CA, and
# API_UNITS: itself and those that want it, which would start it again).
etcd_here() {
  local kind name unit a b c d e f g h file
  ETCD_URL='' ETCD_PEER='' ETCD_DATA='' ETCD_DECLARED='' API_URL='' API_CA='' API_UNITS=
  for file in "$STATE/bundles/etcd/manifest" "$STATE/bundles/controlplane/manifest"; do
    [ -r "$file" ] || continue
    while read -r kind name _ unit a b c d e f g h _; do
      case $kind-$name in
        unit-etcd.service) ;;
        unit-*) API_UNITS="$API_UNITS $name" ;;
      esac
      case $kind-$name-$unit in
        prepare-etcd-join-*)
          # NAME PEER-URL DATA CA CERT KEY TOKEN MEMBERS
          ETCD_NAME=$a ETCD_PEER=$b ETCD_DATA=$c ETCD_CA=$d ETCD_CERT=$e ETCD_KEY=$f ETCD_DECLARED=$h
          ;;
        check-etcd-voter-*) ETCD_URL=$a ;;
        check-http-ok-kube-apiserver.service) API_URL=$a API_CA=$b ;;
      esac
    done <"$file"
  done
  : "$g"
  [ -n "$ETCD_URL" ] && [ -n "$ETCD_PEER" ] && [ -x "$OPT/bin/etcdctl" ]
}

# etcd_look: asks all members how they are. STAGE/etcd-look has of each
#   ID NAME|- CLIENT-URL|- learner|voter no
#   ID NAME CLIENT-URL learner|voter yes LEADS(yes|no) LEADER(decimal id, 0 for none) INDEX APPLIED SIZE IN-USE QUOTA REVISION ALARMS|-
# Returns 1 with REASON set when nobody tells who the members are.
etcd_look() {
  local number id name clients kind
  etcd_others '' "$ETCD_DECLARED"
  etcd_list
  if [ -z "$ETCD_ENDPOINT" ]; then
    REASON="no member tells who the members are: is there a quorum?"
    return 1
  fi
  while read -r id name _ clients kind; do
    printf '%s %s\n' "$name" "${clients%%,*}"
  done <"$STAGE/etcd-members" >"$STAGE/etcd-asked"
  etcd_ask endpoint status -w fields
  number=0
  while read -r id name _ clients kind; do
    number=$((number + 1))
    printf '%s %s %s %s ' "$id" "$name" "${clients%%,*}" "$kind"
    if [ -e "$STAGE/etcd-yes.$number" ]; then
      awk -F ' : ' '
        { gsub(/"/, "", $1); value[$1] = $2 }
        $1 == "Errors" { if (/alarm:NOSPACE/) alarms = alarms ",NOSPACE"; if (/alarm:CORRUPT/) alarms = alarms ",CORRUPT" }
        function known(key) { return value[key] == "" ? 0 : value[key] }
        END {
          print "yes", (known("MemberID") == known("Leader") ? "yes" : "no"), known("Leader"), known("RaftIndex"), known("RaftAppliedIndex"),
            known("DBSize"), known("DBSizeInUse"), known("DBSizeQuota"), known("Revision"), (alarms == "" ? "-" : substr(alarms, 2))
        }' "$STAGE/etcd-answer.$number"
    else
      printf 'no\n'
    fi
  done <"$STAGE/etcd-members" >"$STAGE/etcd-look"
}

# etcd_self: sets SELF_* from the look: of the member of this host. Returns 1 with REASON set when it does not answer.
etcd_self() {
  local url answers leads size used revision alarms
  SELF_LEADS='' SELF_SIZE=0 SELF_USED=0 SELF_REVISION=0 SELF_ALARMS=-
  while read -r _ _ url _ answers leads _ _ _ size used _ revision alarms; do
    if [ "$url" = "$ETCD_URL" ] && [ "$answers" = yes ]; then
      SELF_LEADS=$leads SELF_SIZE=$size SELF_USED=$used SELF_REVISION=$revision SELF_ALARMS=$alarms
      return 0
    fi
  done <"$STAGE/etcd-look"
  REASON="the member of this host does not answer"
  return 1
}

# etcd_fit: whether a member may be defragmented, by the last look: all members vote, answer, know one leader and have applied nearly all
# that any of them knows, and none is corrupt. Sets REASON when not. The database of a member that catches up must be left alone:
# a snapshot that arrives meanwhile could corrupt it (etcd-io/etcd#20650).
etcd_fit() {
  REASON=$(awk -v lag="$ETCD_LAG" '
    function add(text) { reason = reason (reason == "" ? "" : "; ") text }
    $4 == "learner" { add(($2 == "-" ? $1 : $2) " is a learner, which has to catch up first"); next }
    $3 == "-" { add("member " $1 " has never started"); next }
    $5 != "yes" { add($2 " does not answer"); next }
    $7 == 0 { add($2 " knows no leader"); next }
    { leader[$7] = 1; name[++n] = $2; applied[n] = $9; if ($8 > most) most = $8; if ($9 > most) most = $9 }
    $14 ~ /CORRUPT/ { corrupt = 1 }
    END {
      for (i = 1; i <= n; i++) if (most - applied[i] > lag) add(name[i] " is " (most - applied[i]) " entries behind")
      for (id in leader) leaders++
      if (leaders > 1) add("the members do not agree on a leader")
      if (corrupt) add("etcd has the alarm CORRUPT: run ./plinth etcd repair")
      print reason
    }' "$STAGE/etcd-look")
  [ -z "$REASON" ]
}

# etcd_due SIZE IN-USE: whether more than ETCD_ABOVE percent of a database are free, and it is at least ETCD_LEAST bytes large. By awk:
# the product is more than some shells' numbers hold.
etcd_due() {
  awk -v size="$1" -v used="$2" -v above="$ETCD_ABOVE" -v least="$ETCD_LEAST" '
    BEGIN { exit !(size >= least && (size - used) * 100 > above * size) }'
}

# etcd_care: a sample for the history, and a defragmentation where one is due. Whatever is in its way is told, and left to the next time.
etcd_care() {
  local url size used answers others
  if etcd_barred; then
    say "etcd is not looked after: $REASON"
    return 0
  fi
  etcd_resume_left
  etcd_sample
  if [ "${ETCD_ABOVE:-0}" = 0 ]; then
    return 0
  fi
  if ! { etcd_look && etcd_self; }; then
    say "etcd is not looked after: $REASON"
    return 0
  fi
  etcd_due "$SELF_SIZE" "$SELF_USED" || return 0
  if ! { etcd_alone "etcd care" && etcd_lock_take && etcd_look && etcd_self && etcd_fit; }; then
    say "the member is not defragmented now: $REASON"
    return 0
  fi
  case $SELF_ALARMS in
    *NOSPACE*)
      say "the member is not defragmented by itself: etcd has the alarm NOSPACE: run ./plinth etcd repair"
      return 0
      ;;
  esac
  if [ "$SELF_LEADS" = yes ]; then
    others=
    while read -r _ _ url _ answers _ _ _ _ size used _; do
      if [ "$url" != "$ETCD_URL" ] && [ "$answers" = yes ] && etcd_due "$size" "$used"; then
        others=yes
      fi
    done <"$STAGE/etcd-look"
    if [ -n "$others" ]; then
      say "the member leads: the others are defragmented first"
      return 0
    fi
  fi
  etcd_due "$SELF_SIZE" "$SELF_USED" || return 0
  etcd_defrag_self
}

# etcd_sample: adds one to the history.
etcd_sample() {
  local line
  if line=$(etcd_measure "$ETCD_URL" "$ETCD_CA" "$ETCD_CERT" "$ETCD_KEY"); then
    {
      if [ -e "$ETCD_HISTORY" ]; then
        tail -n $((ETCD_SAMPLES - 1)) "$ETCD_HISTORY"
      fi
      printf '%s\n' "$line"
    } | write_atomic "$ETCD_HISTORY" 0600 || say "cannot write $ETCD_HISTORY (is the disk full or read-only?)"
  else
    say "the member does not tell its metrics: no sample of them is kept"
  fi
}

# etcd_defrag: the member of this host, now.
etcd_defrag() {
  etcd_alone "etcd defrag" || die "$EXIT_REFUSED" "nothing was defragmented: $REASON"
  # Without space in etcd it is not ready before.
  etcd_resume || say "$REASON"
  if ! { etcd_look && etcd_self; }; then
    die "$EXIT_FAILED" "nothing was defragmented: $REASON"
  fi
  case $SELF_ALARMS in
    # Without space there is no key for a lock, and nobody defragments by itself.
    *NOSPACE*) ;;
    *) etcd_lock_take || die "$EXIT_LOCKED" "nothing was defragmented: $REASON" ;;
  esac
  if ! { etcd_look && etcd_self && etcd_fit; }; then
    die "$EXIT_REFUSED" "nothing was defragmented: $REASON"
  fi
  etcd_defrag_self
}

# etcd_lock_take: one member at a time in the whole cluster. The lock is held through other members, for this one is about to answer
# nobody; alone a member needs none. It ends with this script, however that ends: the pipe has no other writer. Returns 1 with REASON set.
etcd_lock_take() {
  local endpoints tries
  endpoints=$(awk -v own="$ETCD_URL" '$3 != own && $5 == "yes" { printf "%s%s", comma, $3; comma = "," }' "$STAGE/etcd-look")
  if [ -z "$endpoints" ]; then
    return 0
  fi
  rm -f "$STAGE/etcd-pipe" "$STAGE/etcd-held"
  mkfifo "$STAGE/etcd-pipe" || {
    REASON="cannot make a pipe in $STAGE"
    return 1
  }
  exec 7<>"$STAGE/etcd-pipe"
  printf '%s\n' "kill -0 $$ || exit 1" ": >'$STAGE/etcd-held'" "exec cat '$STAGE/etcd-pipe' >/dev/null" >"$STAGE/etcd-hold"
  # Nothing of this script's: neither the pipe's other end nor the host's lock. By `exec`: a shell keeps what a function is called without.
  (
    exec 7>&- 8>&- 9>&-
    etcdctl_call 7200 "$endpoints" lock --ttl 60 "$ETCD_LOCK" sh "$STAGE/etcd-hold" >/dev/null 2>"$STAGE/etcd-lock.error"
  ) &
  ETCD_LOCKING=$!
  tries=0
  until [ -e "$STAGE/etcd-held" ]; do
    tries=$((tries + 1))
    if [ "$tries" -gt "${PLINTH_ETCD_LOCK_TRIES:-100}" ] || ! kill -0 "$ETCD_LOCKING" 2>/dev/null; then
      kill "$ETCD_LOCKING" 2>/dev/null
      exec 7>&-
      etcdctl_reason "$STAGE/etcd-lock.error"
      REASON=${REASON:-another member is being defragmented}
      return 1
    fi
    sleep 0.3
  done
}

# etcd_defrag_self: hands over what this member leads, lets the API server of this host end what it has begun, defragments, and brings the
# API server back. The API servers of the other hosts serve meanwhile; where there is none, that of this host stays, and waits.
etcd_defrag_self() {
  local before begin to failure
  before=$SELF_SIZE
  if [ "$SELF_LEADS" = yes ]; then
    to=$(awk -v own="$ETCD_URL" '$3 != own && $4 == "voter" && $5 == "yes" { print $1; exit }' "$STAGE/etcd-look")
    if [ -n "$to" ] && ! etcdctl_do "$ETCD_URL" move-leader "$to"; then
      die "$EXIT_FAILED" "nothing was defragmented: the member leads, and cannot hand over: $REASON"
    fi
  fi
  if ! etcd_pause; then
    die "$EXIT_REFUSED" "nothing was defragmented: $REASON"
  fi
  uptime_seconds
  begin=$UPTIME failure=
  # Minutes for large databases on slow disks.
  if ! etcdctl_call 1800 "$ETCD_URL" defrag >"$STAGE/etcdctl" 2>"$STAGE/etcdctl.error"; then
    etcdctl_reason "$STAGE/etcdctl.error"
    failure="the defragmentation failed: $REASON"
  fi
  uptime_seconds
  begin=$((UPTIME - begin))
  etcd_settled || failure="${failure:+$failure; }$REASON"
  etcd_resume || failure="${failure:+$failure; }$REASON"
  if [ -n "$failure" ]; then
    die "$EXIT_FAILED" "$failure"
  fi
  etcd_sample
  printf '{"host":"%s","before":%s,"after":%s,"seconds":%s}\n' "$HOST" "$before" "$SELF_SIZE" "$begin"
}

# etcd_settled: waits until all members are as they have to be before the next one. Returns 1 with REASON set after 120 s.
etcd_settled() {
  local begin
  uptime_seconds
  begin=$UPTIME
  until etcd_look && etcd_self && etcd_fit && etcdctl_do "$ETCD_URL" get plinth-health; do
    uptime_seconds
    if [ $((UPTIME - begin)) -ge "${PLINTH_ETCD_SECONDS:-120}" ]; then
      REASON="after the defragmentation: $REASON"
      return 1
    fi
    sleep 1
  done
}
