# Etcd: what ends its alarms. Each step can be done twice; `./plinth etcd repair` knows their order.

# etcd_compact: forgets all but the present revision, and waits until the space is free on all members: etcdctl waits for one of them.
etcd_compact() {
  local begin since before now
  if ! { etcd_look && etcd_self; }; then
    die "$EXIT_FAILED" "nothing was compacted: $REASON"
  fi
  if etcdctl_call 600 "$ETCD_URL" compact --physical "$SELF_REVISION" >"$STAGE/etcdctl" 2>"$STAGE/etcdctl.error"; then
    :
  else
    etcdctl_reason "$STAGE/etcdctl.error"
    case $REASON in
      # It was compacted to this revision already.
      *"has been compacted"*) ;;
      *) die "$EXIT_FAILED" "etcd could not be compacted to revision $SELF_REVISION: $REASON" ;;
    esac
  fi
  uptime_seconds
  begin=$UPTIME since=$UPTIME before=
  # What the same data takes differs by some pages.
  until etcd_look && etcd_self && awk -v used="$SELF_USED" '
    $5 == "yes" && $11 > used * 1.25 + 4194304 { more = 1 }
    END { exit more }' "$STAGE/etcd-look"; do
    uptime_seconds
    now=$(awk '$5 == "yes" { print $1, $11 }' "$STAGE/etcd-look")
    if [ "$now" != "$before" ]; then
      before=$now since=$UPTIME
    fi
    # A member counts what it has freed with its next write, and without space there may be none.
    if [ $((UPTIME - since)) -ge "${PLINTH_ETCD_STILL_SECONDS:-10}" ]; then
      break
    fi
    if [ $((UPTIME - begin)) -ge "${PLINTH_ETCD_SECONDS:-120}" ]; then
      say "not all members have freed their space yet"
      break
    fi
    sleep 1
  done
  printf '{"host":"%s","revision":%s}\n' "$HOST" "$SELF_REVISION"
}

# etcd_disarm: ends all alarms, and tries a write. Where a database is as large as it may be the alarm would come back at once.
etcd_disarm() {
  local full
  if ! { etcd_look && etcd_self; }; then
    die "$EXIT_FAILED" "no alarm was ended: $REASON"
  fi
  full=$(awk '
    $5 == "yes" && $12 > 0 && $10 >= $12 { printf "%s%s has %d of %d bytes", comma, $2, $10, $12; comma = ", " }' "$STAGE/etcd-look")
  if [ -n "$full" ]; then
    die "$EXIT_REFUSED" "the alarm would come back at once: $full; delete objects, or give plinth:etcdArgs a larger \
quota-backend-bytes and run up, then repair again"
  fi
  etcdctl_do "$ETCD_URL" alarm disarm || die "$EXIT_FAILED" "the alarms could not be ended: $REASON"
  if ! { etcdctl_do "$ETCD_URL" put "$ETCD_LOCK-write" "$(date +%s)" && etcdctl_do "$ETCD_URL" del "$ETCD_LOCK-write"; }; then
    die "$EXIT_FAILED" "the alarms are ended, but etcd takes no write: $REASON"
  fi
  etcdctl_do "$ETCD_URL" alarm list || die "$EXIT_FAILED" "the alarms could not be listed: $REASON"
  if [ -s "$STAGE/etcdctl" ]; then
    die "$EXIT_FAILED" "an alarm has come back: $(tr '\n' ' ' <"$STAGE/etcdctl")"
  fi
  printf '{"host":"%s","alarms":[]}\n' "$HOST"
}

# etcd_hashes: lines `etcd-hash ID JSON`: the hash that each member that answers has of the newest revision that all of them know.
etcd_hashes() {
  local revision id number
  etcd_look || die "$EXIT_FAILED" "the members cannot be compared: $REASON"
  revision=$(awk '$5 == "yes" && (n++ == 0 || $13 < least) { least = $13 } END { print least }' "$STAGE/etcd-look")
  awk '$5 == "yes" { print $2, $3 }' "$STAGE/etcd-look" >"$STAGE/etcd-asked"
  awk '$5 == "yes" { print $1 }' "$STAGE/etcd-look" >"$STAGE/etcd-ids"
  # The whole database is read for it.
  ETCD_PATIENCE=60
  etcd_ask endpoint hashkv --rev "$revision" -w json
  printf 'plinth-facts 1\n'
  number=0
  while read -r id; do
    number=$((number + 1))
    if [ -e "$STAGE/etcd-yes.$number" ]; then
      printf 'etcd-hash %s %s\n' "$id" "$(grep '^\[{' "$STAGE/etcd-answer.$number")"
    fi
  done <"$STAGE/etcd-ids"
  printf 'end\n'
}

# etcd_set_aside: the member of this host leaves its cluster, and its data is moved aside for good. The bundle counts as
# failed from then on, so that an `up` brings the member back, too.
etcd_set_aside() {
  etcd_alone "etcd repair" || die "$EXIT_REFUSED" "the member stays: $REASON"
  etcd_alone_enough || die "$EXIT_REFUSED" "the member stays: $REASON"
  generation_read
  printf 'plinth-intent 1\nbundle etcd\ngeneration %s\nrestart etcd.service\nfailed %s\nend\n' "$GENERATION" \
    "the data of the member was set aside: run ./plinth etcd repair" | write_atomic "$STATE/bundles/etcd/intent" 0600 ||
    die "$EXIT_FAILED" "cannot write under $STATE (is the disk full or read-only?)"
  # What wants the member would start it again.
  # shellcheck disable=SC2086 # a list of words
  if ! REASON=$(control 600 stop $API_UNITS etcd.service 2>&1); then
    die "$EXIT_FAILED" "etcd.service does not stop: ${REASON##*"$NEWLINE"}"
  fi
  # The look is of before it has stopped: others tell the list now.
  etcd_others "$ETCD_NAME" "$ETCD_DECLARED"
  etcd_list
  if [ -z "$ETCD_ENDPOINT" ]; then
    die "$EXIT_FAILED" "no other member tells who the members are; run the repair again"
  fi
  if etcd_find "$ETCD_PEER"; then
    etcd_remove "$ETCD_ID" "$ETCD_NAME" "its data is damaged or gone" || die "$EXIT_FAILED" "$REASON"
  fi
  etcd_keep "$ETCD_DATA" || die "$EXIT_FAILED" "$REASON"
  printf '{"host":"%s","kept":"%s"}\n' "$HOST" "${KEPT_TO#"$ROOT"}"
}

# etcd_alone_enough: whether the other voters that are well are a quorum of those that are there now: they decide that the member of this
# host leaves, after it has stopped. One that is listed no more takes nothing away. Returns 1 with REASON set when not.
etcd_alone_enough() {
  etcd_others "$ETCD_NAME" "$ETCD_DECLARED"
  etcd_list
  if [ -z "$ETCD_ENDPOINT" ]; then
    REASON="no other member tells who the members are"
    return 1
  fi
  etcd_find "$ETCD_PEER" || return 0
  etcd_look || return 1
  REASON=$(awk -v own="$ETCD_ID" -v kind="$ETCD_KIND" '
    $1 == own { next }
    $4 == "learner" { learner = $2; next }
    { voters++; if ($5 == "yes" && $7 != 0) well++ }
    END {
      # A learner that leaves has no vote.
      present = voters + (kind == "voter")
      needed = int(present / 2) + 1
      if (learner != "") print learner " is joining: wait until it votes"
      else if (voters == 0) print "it is the only voter, and what it knows would be lost: restore a backup"
      else if (well < needed) print "without it " well + 0 " of " present " voters are well, and " needed " are needed"
    }' "$STAGE/etcd-look")
  [ -z "$REASON" ]
}

# generation_read: sets GENERATION of the bundle etcd.
generation_read() {
  BUNDLE=etcd HOME_DIR=$STATE/bundles/etcd
  bundle_state
}

# etcd_rejoin: a member without data joins its cluster again, as the bundle has it: as a learner that is promoted once it has caught up.
etcd_rejoin() {
  etcd_alone "etcd repair" || die "$EXIT_REFUSED" "the member does not join: $REASON"
  generation_read
  plan_of_manifest >"$STAGE/plan-previous"
  changes_compute "$STAGE/plan-previous" || die "$EXIT_FAILED" "cannot compare the bundle etcd with the host"
  if [ -s "$STAGE/problems" ]; then
    read -r FAILURE <"$STAGE/problems"
    die "$EXIT_FAILED" "$FAILURE: run up --heal"
  fi
  intent_read
  hits_merge
  # Its API server, which the bundle's checks wait for, was stopped with the member and starts it when it is started.
  if ! prepares_run; then
    die "$EXIT_FAILED" "$(failure_sentence)"
  fi
  if [ -n "$API_URL" ]; then
    # shellcheck disable=SC2086 # a list of words
    control 60 --no-block start $API_UNITS >/dev/null 2>&1
  fi
  if ! { converge "$HIT_RESTART" "$HIT_RELOAD" && apply_commit; }; then
    die "$EXIT_FAILED" "$(failure_sentence)"
  fi
  printf '{"host":"%s","joined":true}\n' "$HOST"
}
