# etcd, from the member of this host.

etcd_data() {
  local path there
  there=
  # Where the bundle has its data, where it is to have it, and where it usually is.
  # shellcheck disable=SC2046,SC2086 # lists of paths
  for path in /var/lib/etcd $DIRECTORIES $(etcd_directories); do
    if etcd_has_data "$path"; then
      printf 'etcd-data\n'
      return
    fi
    if [ -d "$ROOT$path/member" ]; then
      there=yes
    fi
  done
  if [ -n "$there" ]; then
    printf 'etcd-data\netcd-logless\n'
  fi
}

# etcd_log: whether the member has its log, without which a database is no member's.
etcd_log() {
  local path
  # shellcheck disable=SC2046 # a list of paths
  for path in /var/lib/etcd $(etcd_directories); do
    if etcd_has_data "$path"; then
      return
    fi
  done
  return 1
}

etcd_directories() {
  if [ -r "$STATE/bundles/etcd/manifest" ]; then
    awk '$1 == "directory" && $5 == "keep" { print $2 }' "$STATE/bundles/etcd/manifest"
  fi
}

ETCD_URL='' ETCD_CA=- ETCD_CERT=- ETCD_KEY=-       # how the member of this host is asked; without a URL it is not

# etcd_access: by the address and with the credentials of the bundle's own check. Returns 1 where no bundle was brought to its end.
etcd_access() {
  local kind name url ca cert key
  if [ ! -r "$STATE/bundles/etcd/manifest" ] || [ ! -x "$OPT/bin/etcdctl" ]; then
    return 1
  fi
  while read -r kind name _ _ url ca cert key _; do
    case $kind-$name in
      check-etcd-*) ETCD_URL=$url ETCD_CA=$ca ETCD_CERT=$cert ETCD_KEY=$key ;;
    esac
  done <"$STATE/bundles/etcd/manifest"
  [ -n "$ETCD_URL" ]
}

# etcd_access_early: as far as a first bring-up has come that has not ended yet.
etcd_access_early() {
  local pki=/etc/kubernetes/pki/etcd
  if [ -x "$OPT/bin/etcdctl" ] && [ -r "$ROOT$pki/healthcheck.key" ]; then
    ETCD_URL=https://127.0.0.1:2379 ETCD_CA=$pki/ca.crt ETCD_CERT=$pki/healthcheck.crt ETCD_KEY=$pki/healthcheck.key
  fi
}

# etcd_ask ARGUMENT…: its complaint comes with its answer. It has 4 s.
etcd_ask() {
  if [ "$ETCD_CA" != - ]; then
    set -- --cacert "$ROOT$ETCD_CA" --cert "$ROOT$ETCD_CERT" --key "$ROOT$ETCD_KEY" "$@"
  fi
  timeout 4 "$OPT/bin/etcdctl" --endpoints "$ETCD_URL" --dial-timeout 2s --command-timeout 3s "$@" 2>&1
}

# etcd_failed KEY ANSWER: the reason why there is none.
etcd_failed() {
  local reason
  reason=$(printf '%s\n' "$2" | etcdctl_complaint)
  printf '%s %s\n' "$1" "${reason:-no answer within 4 s}"
}

# etcd_status: the state of the member, which it tells without a quorum, too.
etcd_status() {
  local answer
  if [ -z "$ETCD_URL" ]; then
    return
  fi
  if answer=$(etcd_ask endpoint status -w json); then
    # Warnings come in front of it.
    printf 'etcd-status %s\n' "$(printf '%s\n' "$answer" | grep '^\[{')"
  else
    etcd_failed etcd-status-failed "$answer"
  fi
}

etcd_members() {
  local answer id called peers clients kind started
  if [ -z "$ETCD_URL" ]; then
    return
  fi
  if answer=$(etcd_ask member list); then
    printf '%s\n' "$answer" | etcdctl_members | while read -r id called peers clients kind; do
      started=started
      if [ "$clients" = - ]; then
        started=unstarted
      fi
      printf 'etcd-member %s %s %s %s %s\n' "$id" "$called" "$peers" "$started" "$kind"
    done
  else
    etcd_failed etcd-members-failed "$answer"
  fi
}

# etcd_measures: what the member measures now, and what it has measured before: the oldest sample and the last two.
etcd_measures() {
  local line
  if [ -z "$ETCD_URL" ]; then
    return
  fi
  if line=$(etcd_measure "$ETCD_URL" "$ETCD_CA" "$ETCD_CERT" "$ETCD_KEY"); then
    printf 'etcd-measure %s\n' "$line"
  fi
  if [ -r "$STATE/etcd-history" ]; then
    awk '
      NR == 1 { print "etcd-sample " $0 }
      { before = last; last = $0 }
      END { if (NR > 2) print "etcd-sample " before; if (NR > 1) print "etcd-sample " last }' "$STATE/etcd-history"
  fi
}

# etcd_damage: why a member that does not run has ended, where its data is gone, or where its log says that it is damaged: it differs from
# that of others, or cannot be read. A panic is about the data where the database (bbolt) is at work. What was said before it last ran is over.
etcd_damage() {
  local line
  if [ -z "$ETCD_URL" ] || systemctl --quiet is-active etcd.service 2>/dev/null; then
    return
  fi
  if [ -r "$STATE/bundles/etcd/manifest" ] && ! etcd_log; then
    printf 'etcd-damage its data is gone\n'
    return
  fi
  line=$(timeout 5 journalctl -u etcd.service -n 1000 --no-pager -o cat 2>/dev/null | awk '
    /^Started etcd\.service/ { line = panic = "" }
    /^panic: |^unexpected fault address|^fatal error: fault/ { panic = $0 }
    /^go\.etcd\.io\/bbolt[.@\/]/ && panic != "" { line = panic; panic = "" }
    /found data inconsistency with peers|checkInitialHashKV failed|failed to recover v3 backend/ { line = $0 }
    /crc mismatch|wal: (file not found|snapshot|conflicting|slice bounds)|invalid database|checksum error|file size too small/ { line = $0 }
    END { print substr(line, 1, 300) }')
  if [ -n "$line" ]; then
    printf 'etcd-damage %s\n' "$line"
  fi
}
