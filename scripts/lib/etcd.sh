# Etcd: questions to members, and the file that tells a member without data how to start.

ETCD_CA=- ETCD_CERT=- ETCD_KEY=-           # credentials; `-`: no TLS
ETCD_PATIENCE=2                            # seconds for an answer of the others; etcdctl needs all of them to say that nobody is there

# etcdctl_call SECONDS ENDPOINT ARGUMENT…
etcdctl_call() {
  local seconds endpoint
  seconds=$1 endpoint=$2
  shift 2
  if [ "$ETCD_CA" != - ]; then
    set -- --cacert "$ROOT$ETCD_CA" --cert "$ROOT$ETCD_CERT" --key "$ROOT$ETCD_KEY" "$@"
  fi
  timeout $((seconds + 4)) "$OPT/bin/etcdctl" --endpoints "$endpoint" --dial-timeout 3s --command-timeout "${seconds}s" "$@" </dev/null
}

# etcdctl_reason FILE: sets REASON to etcdctl's sentence in what it wrote to stderr.
etcdctl_reason() {
  REASON=$(etcdctl_complaint <"$1")
}

# etcdctl_do ENDPOINT ARGUMENT…: output in STAGE/etcdctl; on failure REASON is etcdctl's sentence.
etcdctl_do() {
  if etcdctl_call 8 "$@" >"$STAGE/etcdctl" 2>"$STAGE/etcdctl.error"; then
    return 0
  fi
  etcdctl_reason "$STAGE/etcdctl.error"
  return 1
}

# etcd_ask ARGUMENT…: the same question to each line `NAME URL|-` of STAGE/etcd-asked, side by side. Of the Nth line the answer is in
# STAGE/etcd-answer.N, the complaint in STAGE/etcd-error.N; STAGE/etcd-yes.N is there when it was answered well.
etcd_ask() {
  local number children url
  rm -f "$STAGE"/etcd-answer.* "$STAGE"/etcd-error.* "$STAGE"/etcd-yes.*
  number=0 children=
  while read -r _ url; do
    number=$((number + 1))
    if [ "$url" = - ]; then
      printf 'it has never started\n' >"$STAGE/etcd-error.$number"
      continue
    fi
    { etcdctl_call "$ETCD_PATIENCE" "$url" "$@" >"$STAGE/etcd-answer.$number" 2>"$STAGE/etcd-error.$number" && : >"$STAGE/etcd-yes.$number"; } &
    children="$children $!"
  done <"$STAGE/etcd-asked"
  # shellcheck disable=SC2086 # a list of words
  wait $children
  # Whoever is asked again may be slow.
  ETCD_PATIENCE=4
}

# etcd_others NAME MEMBERS: writes the declared members but NAME to STAGE/etcd-asked, as `NAME CLIENT-URL`, and all of them to
# STAGE/etcd-declared as `NAME PEER-URL`. MEMBERS is `NAME=PEER-URL,…`; a client URL differs in its port.
etcd_others() {
  printf '%s\n' "$2" | awk -v me="$1" -v stage="$STAGE" -v port="$ETCD_CLIENT_PORT" '{
    printf "" > (stage "/etcd-asked"); printf "" > (stage "/etcd-declared")
    n = split($0, members, ",")
    for (i = 1; i <= n; i++) {
      at = index(members[i], "=")
      name = substr(members[i], 1, at - 1); url = substr(members[i], at + 1)
      print name, url > (stage "/etcd-declared")
      sub(/:[0-9]+$/, ":" port, url)
      if (name != me) print name, url > (stage "/etcd-asked")
    }
  }'
}

# etcd_members FILE: what `member list` has answered, to STAGE/etcd-members, as `etcdctl_members` tells it.
etcd_members() {
  etcdctl_members <"$1" >"$STAGE/etcd-members"
}

# etcd_list: asks the members of STAGE/etcd-asked for the list. Sets ETCD_ENDPOINT to the first that answers, or to nothing.
etcd_list() {
  local number url
  ETCD_ENDPOINT=
  etcd_ask member list
  number=0
  while read -r _ url; do
    number=$((number + 1))
    if [ -z "$ETCD_ENDPOINT" ] && [ -e "$STAGE/etcd-yes.$number" ]; then
      ETCD_ENDPOINT=$url
      etcd_members "$STAGE/etcd-answer.$number"
    fi
  done <"$STAGE/etcd-asked"
}

# etcd_find PEER-URL: sets ETCD_ID, ETCD_STARTED (yes or nothing) and ETCD_KIND of the listed member with that URL. Returns 1 when there is none.
etcd_find() {
  local id peers clients kind
  ETCD_ID='' ETCD_STARTED='' ETCD_KIND=
  while read -r id _ peers clients kind; do
    case ,$peers, in
      *",$1,"*)
        ETCD_ID=$id ETCD_KIND=$kind
        if [ "$clients" != - ]; then
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

# etcd_keep DIRECTORY: moves what is there of a member aside for good; sets KEPT_TO, empty where there is nothing. A mount point stays.
etcd_keep() {
  local id rest
  KEPT_TO=
  if [ ! -d "$ROOT$1/member" ]; then
    return 0
  fi
  id=${CLAIM_ID:-unknown}
  rest=${id#????????}
  KEPT_TO=$KEPT/${CLAIM_CLUSTER:-unknown}-${id%"$rest"}-$(date -u +%Y%m%dT%H%M%SZ)$1
  if ! { mkdir -p "$KEPT_TO" && chmod 0700 "$KEPT" && mv "$ROOT$1/member" "$KEPT_TO/" && sync "$KEPT_TO"; }; then
    REASON="cannot move $1/member to $KEPT_TO (is the disk full?)"
    return 1
  fi
}
