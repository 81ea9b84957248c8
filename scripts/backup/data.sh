# Sets of data: a snapshot of etcd's that was restored aside, sealed.

# save_snapshot: it must not fill the disk, whatever etcd has told of its size. In blocks of 512 bytes, of which some shells have 1024.
save_snapshot() {
  (
    trap '' XFSZ
    ulimit -f $((MOST * 2))
    ask_member "$LONGEST" snapshot save "$WORK/snapshot.db"
  )
}

# make REASON: a set of data in WORK/set. A snapshot that cannot be restored is none.
make() {
  local at id status reason
  REASON="cannot write below $RECORDS: is the disk full?"
  mkdir "$WORK/set" || return 1
  room || return 1
  reason=$(one_line "$1" | tr -cd 'A-Za-z0-9 ._:/-')
  if ! save_snapshot; then
    REASON="no snapshot: $(one_line "$(cat "$WORK/error")")"
    return 1
  fi
  at=$(date -u +%Y-%m-%dT%H:%M:%SZ)
  if ! status=$("$BIN/etcdutl" snapshot status "$WORK/snapshot.db" --write-out json 2>"$WORK/error"); then
    REASON="the snapshot is damaged: $(one_line "$(cat "$WORK/error")")"
    return 1
  fi
  say "$status" >"$WORK/status"
  # It compares the snapshot with the digest at its end.
  if ! "$BIN/etcdutl" snapshot restore "$WORK/snapshot.db" --data-dir "$WORK/aside" --name aside --initial-cluster aside=http://127.0.0.1:1 \
    --initial-advertise-peer-urls http://127.0.0.1:1 >"$WORK/out" 2>"$WORK/error"; then
    REASON="the snapshot cannot be restored: $(one_line "$(cat "$WORK/error")")"
    return 1
  fi
  rm -rf "$WORK/aside"
  id=$(say "$at" | tr -d ':-')-$(setting host)
  {
    printf '{"format":1,"kind":"data","id":"%s","time":"%s",' "$id" "$at"
    printf '"cluster":"%s","clusterId":"%s","reason":"%s",' "$(setting cluster)" "$(claimed cluster-id)" "$reason"
    printf '"kubernetes":"%s","etcd":"%s",' "$(setting kubernetes)" "$(setting etcd)"
    printf '"keys":{"serviceAccounts":"%s",' "$(sed -n 's/^serviceAccounts //p' "$CONFIG/digests")"
    printf '"encryption":"%s"},' "$(sed -n 's/^encryption //p' "$CONFIG/digests")"
    printf '"host":"%s","revision":%s,' "$(setting host)" "$(value revision "$WORK/status")"
    printf '"totalKeys":%s,"bytes":%s,' "$(value totalKey "$WORK/status")" "$(wc -c <"$WORK/snapshot.db" | tr -d ' ')"
    printf '"sha256":"%s"}\n' "$(digest_of "$WORK/snapshot.db")"
  } >"$WORK/set/set.json"
  # A full disk, a claim or digests that are not there yet.
  if grep -q -e '":[,}]' -e '":""' "$WORK/set/set.json" || ! grep -q '}$' "$WORK/set/set.json"; then
    REASON="its description is not complete: is the disk full, or was up interrupted?"
    return 1
  fi
  seal || return 1
  rm -f "$WORK/snapshot.db"
}

# seal: the description and the snapshot, packed, so that only the recipients can open them.
seal() {
  { cat "$WORK/set/set.json" "$WORK/snapshot.db" && : >"$WORK/read"; } 2>"$WORK/error" |
    { gzip -1 2>>"$WORK/error" && : >"$WORK/gzipped"; } |
    "$BIN/age" --recipients-file "$CONFIG/recipients" --output "$WORK/set/content.age" 2>>"$WORK/error" &&
    # age does not know of a stream that was cut off.
    [ -e "$WORK/read" ] && [ -e "$WORK/gzipped" ] && return 0
  REASON="it cannot be sealed: $(one_line "$(cat "$WORK/error" 2>/dev/null)")"
  return 1
}

# give REASON TARGET…: a set of data for these.
give() {
  local reason target
  reason=$1
  shift
  ready data "$@"
  [ -n "$READY" ] || return 0
  if make "$reason"; then
    # shellcheck disable=SC2086 # a list of words
    put_all $READY
    return
  fi
  for target in $READY; do
    failed "$target" data
  done
}

# due: whoever of the members comes first makes the set; the others find it.
due() {
  local target id age made wanting seconds
  wanting='' seconds=$(($(setting minutes) * 60))
  # shellcheck disable=SC2046 # a list of words
  ready data $(targets)
  for target in $READY; do
    if ! newest "$target" data; then
      failed "$target" data
      continue
    fi
    id=$NEWEST age=$seconds
    if [ -n "$id" ] && made=$(seconds_of "$id" 2>/dev/null); then
      age=$(($(date +%s) - made))
    fi
    # Half a minute: timers are not that exact.
    if [ "$age" -ge $((seconds - 30)) ]; then
      wanting="$wanting $target"
    else
      record "$target" data "$id"
      say "there $target $id"
    fi
  done
  if [ -n "$wanting" ]; then
    # shellcheck disable=SC2086 # a list of words
    give timer $wanting
  fi
}
