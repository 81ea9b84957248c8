# Facts of what keeps programs and packets from doing what Kubernetes needs.

security() {
  local path zone
  first_line "$ROOT/sys/fs/selinux/enforce"
  case $LINE in
    1) printf 'selinux enforcing\n' ;;
    0) printf 'selinux permissive\n' ;;
  esac
  if command -v firewall-cmd >/dev/null && systemctl --quiet is-active firewalld.service 2>/dev/null; then
    zone=$(firewall-cmd --zone=trusted --list-sources 2>/dev/null </dev/null | tr ' ' ',')
    printf 'firewalld %s\n' "${zone:--}"
  fi
  if [ -r "$ROOT/proc/self/mounts" ]; then
    # shellcheck disable=SC2086 # a list of paths
    for path in "$SOFTWARE_PATH" "$SCRIPTS_PATH" /var/lib/containerd $DIRECTORIES; do
      # The last of those that are mounted nearest.
      awk -v path="$path" '
        { at = $2 == "/" ? "" : $2 }
        (path == at || index(path, at "/") == 1) && length(at) >= longest { longest = length(at); noexec = ("," $4 ",") ~ /,noexec,/; where = $2 }
        END { if (noexec) print "noexec " path " " where }' "$ROOT/proc/self/mounts"
    done
  fi
}
