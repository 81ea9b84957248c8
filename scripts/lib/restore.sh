# Restore: etcd's data comes from a snapshot, on all members at once. Each step can be done twice, and killed at any point; the file
# STATE/restore tells how far this host has come. While it is there, nothing else changes this host (`restore_bars`), and what it stops is
# not started at a boot either.
#   staged    the snapshot is here, and is whole; nothing has been stopped yet
#   quiet     no API server and no controller runs here
#   stopped   no member of etcd runs here
#   seeded    the data of before is set aside, and that of the snapshot in its place
#   started   the member serves, with the others
#   serving   API server and controllers run again
# Hosts without etcd take the same steps, where some have nothing to do. Who comes next is decided by whoever calls, see plan/restore/.

RESTORE=$STATE/restore
RESTORE_DATA=$STATE/restore-data            # root's alone: the snapshot
RESTORED=$STATE/restored                    # the id of the last restore of this host that came to its end
PLANTED=$STATE/seed                         # like STATE/restore, of a host that is to begin with a snapshot

restore_usage() {
  die "$EXIT_BAD_INPUT" "restore needs a step (stage, plant, quiet, stop, seed, start, serve or finish) and --id ID; \
stage and plant also --cluster-id ID --host NAME --token WORD --members NAME=URL,… --bump REVISIONS --sha256 DIGEST|-"
}

# restore STEP OPTION…: one line of JSON on stdout.
restore() {
  local step
  if [ $# = 0 ]; then
    restore_usage
  fi
  step=$1
  shift
  restore_options "$@"
  stage_make
  lock_take "restore $RESTORE_ID, $step"
  claim_read
  case $step in
    stage) restore_stage ;;
    plant) restore_plant ;;
    quiet) restore_step staged quiet ;;
    stop) restore_step quiet stopped ;;
    seed) restore_step stopped seeded ;;
    start) restore_step seeded started ;;
    serve) restore_step started serving ;;
    finish) restore_finish ;;
    *) restore_usage ;;
  esac
  printf '{"host":"%s","restore":"%s","step":"%s"}\n' "$HOST" "$RESTORE_ID" "$step"
}

restore_options() {
  RESTORE_ID='' RESTORE_CLUSTER='' RESTORE_HOST='' RESTORE_TOKEN='' RESTORE_MEMBERS='' RESTORE_BUMP='' RESTORE_SHA=''
  while [ $# -gt 1 ]; do
    case $2 in
      '' | *[!A-Za-z0-9._:/=,@+-]*) die "$EXIT_BAD_INPUT" "the value of $1 holds a character that is not allowed, or none" ;;
    esac
    case $1 in
      --id) RESTORE_ID=$2 ;;
      --cluster-id) RESTORE_CLUSTER=$2 ;;
      --host) RESTORE_HOST=$2 ;;
      --token) RESTORE_TOKEN=$2 ;;
      --members) RESTORE_MEMBERS=$2 ;;
      --bump) RESTORE_BUMP=$2 ;;
      --sha256) RESTORE_SHA=$2 ;;
      *) restore_usage ;;
    esac
    shift 2
  done
  if [ $# != 0 ] || [ -z "$RESTORE_ID" ]; then
    restore_usage
  fi
}

# restore_read FILE: sets RESTORE_* from it, and AT_ID and AT_STEP; both are empty where there is none.
restore_read() {
  local key value
  AT_ID='' AT_STEP=''
  if [ -e "$1" ]; then
    while read -r key value; do
      case $key in
        id) AT_ID=$value ;;
        cluster-id) RESTORE_CLUSTER=$value ;;
        token) RESTORE_TOKEN=$value ;;
        members) RESTORE_MEMBERS=$value ;;
        bump) RESTORE_BUMP=$value ;;
        sha256) RESTORE_SHA=$value ;;
        step) AT_STEP=$value ;;
      esac
    done <"$1"
  fi
}

# restore_write FILE STEP: for everyone to read, like the claim; nothing in it is secret.
restore_write() {
  printf 'id %s\ncluster-id %s\ntoken %s\nmembers %s\nbump %s\nsha256 %s\nstep %s\n' \
    "$RESTORE_ID" "$RESTORE_CLUSTER" "$RESTORE_TOKEN" "$RESTORE_MEMBERS" "$RESTORE_BUMP" "$RESTORE_SHA" "$2" | write_atomic "$1" 0644 ||
    die "$EXIT_FAILED" "cannot write $1 (is the disk full or read-only?)"
}

# restore_under_way: sets REASON. Returns 1 where there is none. One that has only brought its snapshot has stopped nothing yet.
restore_under_way() {
  restore_read "$RESTORE"
  if [ -z "$AT_ID" ] || [ "$AT_STEP" = staged ]; then
    return 1
  fi
  REASON="the restore $AT_ID of this host is under way (it is $AT_STEP)"
}

# restore_bars WHAT: ends a change of this host by others while a restore is under way.
restore_bars() {
  if restore_under_way; then
    die "$EXIT_REFUSED" "$REASON, and $1 has to wait for its end: run ./plinth restore again, it goes on from there"
  fi
}

# restore_member: sets MEMBER_* from the bundle of etcd that was brought to its end. Returns 1 where this host has none.
restore_member() {
  local kind name
  MEMBER_NAME=
  if [ -r "$STATE/bundles/etcd/manifest" ]; then
    while read -r kind name _ MEMBER_UNIT MEMBER_NAME MEMBER_PEER MEMBER_DATA _; do
      if [ "$kind $name" = "prepare etcd-join" ]; then
        return 0
      fi
    done <"$STATE/bundles/etcd/manifest"
  fi
  MEMBER_NAME=
  return 1
}

# restore_receive: the snapshot from stdin, unless it is here already. Its name says what is in it, so a half one is never taken for whole.
restore_receive() {
  local digest
  if ! { mkdir -p "$RESTORE_DATA" && chmod 0700 "$RESTORE_DATA"; }; then
    die "$EXIT_FAILED" "cannot make $RESTORE_DATA"
  fi
  if [ ! -e "$RESTORE_DATA/$RESTORE_SHA.db" ]; then
    if ! { rm -f "$RESTORE_DATA"/*.part "$RESTORE_DATA"/*.db && cat >"$RESTORE_DATA/new.part" && sync "$RESTORE_DATA/new.part"; }; then
      die "$EXIT_FAILED" "cannot write the snapshot to $RESTORE_DATA (is the disk full or read-only?); nothing was stopped"
    fi
    digest=$(sha256sum "$RESTORE_DATA/new.part")
    if [ "${digest%% *}" != "$RESTORE_SHA" ]; then
      rm -f "$RESTORE_DATA/new.part"
      die "$EXIT_FAILED" "the snapshot did not come as it was sent (SHA-256 ${digest%% *}, expected $RESTORE_SHA); \
nothing was stopped, run again"
    fi
    if ! { mv -fT "$RESTORE_DATA/new.part" "$RESTORE_DATA/$RESTORE_SHA.db" && sync "$RESTORE_DATA"; }; then
      die "$EXIT_FAILED" "cannot write to $RESTORE_DATA; nothing was stopped"
    fi
  fi
}

# restore_stage: all that can be refused is refused here.
restore_stage() {
  local error sha token members bump
  if [ -z "$CLAIM_ID" ] || [ "$CLAIM_ID" != "$RESTORE_CLUSTER" ] || [ "$CLAIM_HOST" != "$RESTORE_HOST" ]; then
    die "$EXIT_REFUSED" "this host is ${CLAIM_HOST:-nobody} of cluster ${CLAIM_CLUSTER:-none}, \
not $RESTORE_HOST of cluster id $RESTORE_CLUSTER; nothing was stopped"
  fi
  if [ "$RESTORE_SHA" != - ]; then
    restore_member || die "$EXIT_REFUSED" "this host has no bundle of etcd that was brought to its end; nothing was stopped"
    case ,$RESTORE_MEMBERS, in
      *",$MEMBER_NAME=$MEMBER_PEER,"*) ;;
      *)
        die "$EXIT_REFUSED" "the member of this host is $MEMBER_NAME at $MEMBER_PEER, which is not among those to be restored \
($RESTORE_MEMBERS); nothing was stopped"
        ;;
    esac
    restore_receive
    restore_room "${MEMBER_DATA}"
    if ! error=$("$OPT/bin/etcdutl" snapshot status "$RESTORE_DATA/$RESTORE_SHA.db" 2>&1 >/dev/null); then
      die "$EXIT_REFUSED" "etcdutl finds the snapshot damaged: $(printf '%s\n' "$error" | etcdctl_complaint); nothing was stopped"
    fi
  fi
  # One that takes the place of another goes on where things are stopped already.
  sha=$RESTORE_SHA token=$RESTORE_TOKEN members=$RESTORE_MEMBERS bump=$RESTORE_BUMP
  restore_read "$RESTORE"
  RESTORE_SHA=$sha RESTORE_TOKEN=$token RESTORE_MEMBERS=$members RESTORE_BUMP=$bump
  if [ "$AT_ID" = "$RESTORE_ID" ]; then
    return 0
  fi
  case $AT_STEP in
    '' | staged) restore_write "$RESTORE" staged ;;
    *) restore_write "$RESTORE" quieting ;;
  esac
}

# restore_room PATH: room for the data of the snapshot beside what is there, which is kept.
restore_room() {
  local size free unit
  size=$(stat -c %s "$RESTORE_DATA/$RESTORE_SHA.db")
  stat -f -c '%a %S' "$ROOT$1" >"$STAGE/room" 2>/dev/null || return 0
  read -r free unit <"$STAGE/room"
  # A quarter more than the snapshot; and a new member writes a log of 64 MB ahead.
  if [ $((free * (unit / 512) / 2)) -lt $((size / 819 + 65536)) ]; then
    die "$EXIT_REFUSED" "there is no room for the data of the snapshot ($((size / 1048576)) MiB and its log) \
beside $1, where what is there is kept; nothing was stopped"
  fi
}

# restore_plant: for a host that nobody has claimed: when it is claimed for this cluster, its member begins with the snapshot.
restore_plant() {
  if [ -n "$CLAIM_ID" ] || [ -d "$STATE/bundles" ]; then
    die "$EXIT_REFUSED" "this host carries something of ours already (claimed by ${CLAIM_CLUSTER:-nobody}); nothing was changed"
  fi
  if ! { mkdir -p "$STATE" && chmod 0755 "$STATE"; }; then
    die "$EXIT_FAILED" "cannot make $STATE"
  fi
  restore_receive
  restore_write "$PLANTED" planted
}

# restore_step BEFORE AFTER: does what leads from one to the other, once.
restore_step() {
  local id
  id=$RESTORE_ID
  restore_read "$RESTORE"
  if [ "$AT_ID" != "$id" ]; then
    die "$EXIT_REFUSED" "the restore $id is not under way on this host (${AT_ID:-none} is): run ./plinth restore again"
  fi
  if restore_is_past "$2"; then
    return 0
  fi
  if [ "$AT_STEP" != "$1" ]; then
    die "$EXIT_REFUSED" "this host is $AT_STEP in the restore $id, expected $1: run ./plinth restore again"
  fi
  case $2 in
    quiet)
      # Written first: what comes in between is gone on with by the next run, and nobody starts what has stopped.
      restore_write "$RESTORE" quieting
      restore_quiet
      ;;
    stopped) restore_stop ;;
    seeded) restore_seed ;;
    started) restore_start ;;
    serving) restore_serve ;;
  esac
  restore_write "$RESTORE" "$2"
}

# restore_is_past STEP: whether AT_STEP is that one or a later one. `quieting` counts as `staged`, whose work it repeats.
restore_is_past() {
  local step reached
  reached=
  if [ "$AT_STEP" = quieting ]; then
    AT_STEP=staged
  fi
  for step in serving started seeded stopped quiet; do
    if [ "$AT_STEP" = "$step" ]; then
      reached=yes
    fi
    if [ "$step" = "$1" ]; then
      # `reached` was set by this step, or by a later one.
      [ -n "$reached" ]
      return
    fi
  done
  return 1
}

restore_failed() {
  die "$EXIT_FAILED" "$FAILURE; correct the cause and run ./plinth restore again, it goes on from there"
}

# restore_end UNIT…: those that are ours are stopped, and are not started at a boot.
restore_end() {
  local unit
  STOPPED=
  release_facts
  for unit in "$@"; do
    # shellcheck disable=SC2086 # a list of words
    if has_word "$unit" $OWNED_UNITS; then
      unit_retire "$unit" || restore_failed
    fi
  done
  if [ -n "$STOPPED" ]; then
    say "stopped$STOPPED"
  fi
}

restore_quiet() {
  # Nor does what a defragmentation has stopped that was killed.
  rm -f "$ETCD_PAUSED"
  # shellcheck disable=SC2086 # a list of words
  restore_end $RESTORED_UNITS
}

restore_stop() {
  if restore_member && [ "$RESTORE_SHA" != - ]; then
    restore_end "$MEMBER_UNIT"
  fi
}

# restore_seed: the rename of `member` is what counts; all before can be done again.
restore_seed() {
  if [ "$RESTORE_SHA" = - ]; then
    return 0
  fi
  restore_member || die "$EXIT_FAILED" "the bundle of etcd of this host is gone"
  restore_aside "$MEMBER_DATA"
  restore_data "$MEMBER_NAME" "$MEMBER_PEER" "$MEMBER_DATA" || restore_failed
  if ! etcd_bootstrap_spent "$MEMBER_NAME" "$MEMBER_PEER"; then
    FAILURE=$REASON
    restore_failed
  fi
}

# restore_aside DATA: what is there is moved to where releases keep data, for root only, and never deleted.
restore_aside() {
  local to id rest
  id=$RESTORE_CLUSTER
  rest=${id#????????}
  to=$KEPT/${CLAIM_CLUSTER:-unknown}-${id%"$rest"}-restore-$RESTORE_ID$1
  FAILURE="cannot set the data in $1 aside (is the disk full or read-only?)"
  if [ -e "$RESTORE_DATA/aside" ] && [ "$(cat "$RESTORE_DATA/aside")" = "$RESTORE_ID" ]; then
    # What is in its place now is the half of an attempt that was killed.
    rm -rf "$ROOT$1/member" || restore_failed
    return 0
  fi
  if [ -d "$ROOT$1/member" ]; then
    if ! { mkdir -p "$to" && chmod 0700 "$KEPT" "$to"; }; then
      restore_failed
    fi
    if [ ! -d "$to/member" ]; then
      restore_move "$ROOT$1/member" "$to" || restore_failed
    fi
    # What was copied as a whole to another file system.
    rm -rf "$ROOT$1/member" || restore_failed
    say "the data of before is kept in ${to#"$ROOT"}"
  fi
  printf '%s\n' "$RESTORE_ID" | write_atomic "$RESTORE_DATA/aside" 0600 || restore_failed
}

# restore_move DIRECTORY TO: by one rename; to another file system it copies first, under a name that is not taken for the whole.
restore_move() {
  if [ "$(stat -c %d "$1")" = "$(stat -c %d "$2")" ]; then
    chown -R root:root "$1" && mv -T "$1" "$2/${1##*/}" && sync "$2"
  else
    rm -rf "$2/.copy" && cp -aT "$1" "$2/.copy" && chown -R root:root "$2/.copy" && sync -f "$2/.copy" &&
      mv -T "$2/.copy" "$2/${1##*/}" && sync "$2"
  fi
}

# restore_data NAME PEER DATA: the snapshot as the data of a new member, in place by one rename. Returns 1 with FAILURE set.
restore_data() {
  local new error owner
  new=$ROOT$3/.restored
  owner=$(stat -c %U:%G "$ROOT$3") || {
    FAILURE="$3 is not there"
    return 1
  }
  if ! rm -rf "$new"; then
    FAILURE="cannot write to $3 (is the disk full or read-only?)"
    return 1
  fi
  # By a revision beyond all that were ever given out (plan/restore/bump.ts), nothing that is known from before is taken for the present; marked as
  # compacted, whoever watches from there is told to begin anew (https://etcd.io/docs/v3.6/op-guide/recovery/).
  if ! error=$("$OPT/bin/etcdutl" snapshot restore "$RESTORE_DATA/$RESTORE_SHA.db" --name "$1" --initial-cluster "$RESTORE_MEMBERS" \
    --initial-cluster-token "$RESTORE_TOKEN" --initial-advertise-peer-urls "$2" --data-dir "$new" \
    --bump-revision "$RESTORE_BUMP" --mark-compacted 2>&1 >/dev/null); then
    FAILURE="etcdutl could not restore the snapshot: $(printf '%s\n' "$error" | etcdctl_complaint)"
    return 1
  fi
  if ! { chown -R "$owner" "$new" && sync -f "$new" && mv -T "$new/member" "$ROOT$3/member" && rmdir "$new" && sync "$ROOT$3"; }; then
    FAILURE="cannot put the data of the snapshot into $3 (is the disk full or read-only?)"
    return 1
  fi
}

# restore_units BUNDLE PATTERN: starts the units of a bundle and waits for those of its checks that match.
restore_units() {
  local units
  units=$(awk '$1 == "unit" { print $2 }' "$STATE/bundles/$1/manifest")
  awk -v wanted="$2" '$1 != "check" || $2 ~ wanted' "$STATE/bundles/$1/manifest" >"$STAGE/manifest"
  BLAMED='' FAILED_CHECK='' FAILED_PREPARE='' FAILED_AFTER=''
  if ! { units_converge "$units" '' '' && checks_run; }; then
    FAILURE=$(failure_sentence)
    restore_failed
  fi
}

restore_start() {
  if [ "$RESTORE_SHA" != - ]; then
    restore_units etcd '^etcd-voter$'
  fi
}

restore_serve() {
  if [ -r "$STATE/bundles/controlplane/manifest" ]; then
    restore_units controlplane .
  fi
}

restore_finish() {
  local id
  id=$RESTORE_ID
  restore_read "$RESTORE"
  if [ "$AT_ID" != "$id" ]; then
    return 0
  fi
  if [ "$AT_STEP" != serving ]; then
    die "$EXIT_REFUSED" "this host is $AT_STEP in the restore $id, expected serving: run ./plinth restore again"
  fi
  restore_note || die "$EXIT_FAILED" "cannot write $RESTORED (is the disk full or read-only?)"
  if ! { rm -rf "$RESTORE_DATA" "$RESTORE" && sync "$STATE"; }; then
    die "$EXIT_FAILED" "cannot remove $RESTORE"
  fi
}

# restore_note: which restore this host has come from.
restore_note() {
  printf '%s\n' "$AT_ID" | write_atomic "$RESTORED" 0644
}

# restore_sow NAME PEER DATA MEMBERS: the member of a host without data begins with the snapshot that was planted here, where there is
# one. Returns 1 with REASON set; sets SOWN to yes where it has.
restore_sow() {
  SOWN=
  restore_read "$PLANTED"
  if [ -z "$AT_ID" ]; then
    return 0
  fi
  RESTORE_ID=$AT_ID
  if [ "$RESTORE_CLUSTER" != "$CLAIM_ID" ]; then
    REASON="the snapshot that was planted here is of the cluster id $RESTORE_CLUSTER, not of $CLAIM_ID: run ./plinth restore again"
    PERMANENT=yes
    return 1
  fi
  if [ "$RESTORE_MEMBERS" != "$4" ]; then
    REASON="the snapshot that was planted here is for the members $RESTORE_MEMBERS, and those of the inventory are $4: run ./plinth restore again"
    PERMANENT=yes
    return 1
  fi
  if ! restore_data "$1" "$2" "$3"; then
    REASON=$FAILURE
    return 1
  fi
  say "etcd: the member begins with the snapshot of the restore $RESTORE_ID"
  if ! { restore_note && restore_unplant; }; then
    REASON="cannot write under $STATE (is the disk full or read-only?)"
    return 1
  fi
  SOWN=yes
}

# restore_unplant: what was planted here has served, or is not needed.
restore_unplant() {
  if [ -e "$PLANTED" ]; then
    rm -rf "$RESTORE_DATA" "$PLANTED" && sync "$STATE"
  fi
}
