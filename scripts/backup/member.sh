# The member of etcd of this host: how it is asked, and whether there is room for what it has.

# member_call SECONDS ARGUMENT…: etcdctl on the member of this host, ended after so long.
member_call() {
  local seconds
  seconds=$1
  shift
  timeout "$seconds" "$BIN/etcdctl" --endpoints "$(setting endpoint)" --cacert "$PKI/etcd/ca.crt" --cert "$PKI/etcd/healthcheck.crt" \
    --key "$PKI/etcd/healthcheck.key" --dial-timeout 5s "$@"
}

# ask_member SECONDS ARGUMENT…: what it answers is in WORK/out, its complaint in WORK/error.
ask_member() {
  local seconds
  seconds=$1
  shift
  member_call $((seconds + 5)) --command-timeout "${seconds}s" "$@" >"$WORK/out" 2>"$WORK/error" </dev/null
}

# answered: whether etcd has a quorum. Sets REASON where not.
answered() {
  # Whatever the key holds, and be it nothing: that there is an answer is what counts.
  if ! ask_member "$QUORUM" get plinth-health; then
    REASON="etcd does not answer with a quorum within $QUORUM s: $(one_line "$(cat "$WORK/error")")"
    return 1
  fi
}

# room: whether there is space for a set; sets MOST to the KiB that a snapshot may come to. Beside etcd's own data a full disk would stop
# the member. The snapshot is there until it is sealed, and with it first the restore aside and then what is sealed, which is no larger.
room() {
  local bytes needed free
  MOST=
  if ! ask_member "$QUORUM" endpoint status --write-out fields; then
    REASON="etcd does not tell the size of its database: $(one_line "$(cat "$WORK/error")")"
    return 1
  fi
  bytes=$(sed -n 's/^"DBSize" : \([0-9]*\)$/\1/p' "$WORK/out")
  free=$(free_at "$WORK")
  case $bytes:$free in
    :* | *: | *[!0-9:]*)
      REASON="cannot tell the size of etcd's database or the free space below $RECORDS"
      return 1
      ;;
  esac
  # Beside it there must be room for as much again and a log, when it is restored.
  MOST=$(((free - BESIDES / 2) / 2))
  needed=$((bytes * 2 / 1024 + BESIDES))
  [ "$free" -lt "$needed" ] || return 0
  REASON="a set needs $(size_text "$needed") free below ${RECORDS#"$ROOT"}, and there are $(size_text "$free"): make room there, or run \
./plinth etcd defrag where much of etcd's database is free"
  return 1
}
