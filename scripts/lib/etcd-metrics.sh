# Etcd: what a member measures of itself. A part of the host script and of the looks at a host.

# etcd_measure URL CA CERT KEY: one line EPOCH SIZE IN-USE FSYNC COMMIT. Sizes of the database are in bytes; the others are histograms
# since the member's start, of how long it took to write its log and its database to disk: `SECONDS:COUNT` with commas between, each
# count with those of shorter times, the last one of `inf`. Returns 1 when the member does not tell.
etcd_measure() {
  local url
  url=$1
  if [ "$2" = - ]; then
    set --
  else
    set -- --cacert "$ROOT$2" --cert "$ROOT$3" --key "$ROOT$4"
  fi
  direct_curl --fail --silent --connect-timeout 2 --max-time 4 "$@" "$url/metrics" </dev/null 2>/dev/null | awk -v now="$(date +%s)" '
    function bucket(list,   edge) {
      edge = $1
      sub(/.*le="/, "", edge)
      sub(/".*/, "", edge)
      return list (list == "" ? "" : ",") (edge == "+Inf" ? "inf" : edge) ":" sprintf("%.0f", $2)
    }
    /^etcd_disk_wal_fsync_duration_seconds_bucket/ { fsync = bucket(fsync) }
    /^etcd_disk_backend_commit_duration_seconds_bucket/ { commit = bucket(commit) }
    $1 == "etcd_mvcc_db_total_size_in_bytes" { size = sprintf("%.0f", $2) }
    $1 == "etcd_mvcc_db_total_size_in_use_in_bytes" { used = sprintf("%.0f", $2) }
    END {
      if (size == "" || used == "" || fsync == "" || commit == "") exit 1
      print now, size, used, fsync, commit
    }'
}
