# Etcd: the data of a member. A part of the host script and of the looks at a host.

# etcd_has_data DIRECTORY: whether the member has its log. An etcd that was started without any data leaves an empty database behind, and a
# database without its log is no member's: it does not say what the member has voted for.
etcd_has_data() {
  local file
  for file in "$ROOT$1"/member/wal/*.wal; do
    if [ -e "$file" ]; then
      return 0
    fi
  done
  return 1
}
