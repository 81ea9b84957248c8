# Facts of what keeps programs and packets from doing what Kubernetes needs.

selinux_mode() {
  first_line "$ROOT/sys/fs/selinux/enforce"
  case $LINE in
    1) printf 'selinux enforcing\n' ;;
    0) printf 'selinux permissive\n' ;;
  esac
}

# noexec: of each place for programs the file system, as the last of those that are mounted nearest.
noexec() {
  if [ -r "$ROOT/proc/self/mounts" ]; then
    awk -v paths="$SOFTWARE_PATH $SCRIPTS_PATH /var/lib/containerd $DIRECTORIES" '
      BEGIN { n = split(paths, path, " ") }
      {
        at = $2 == "/" ? "" : $2
        for (i = 1; i <= n; i++)
          if ((path[i] == at || index(path[i], at "/") == 1) && length(at) >= longest[i]) {
            longest[i] = length(at); off[i] = ("," $4 ",") ~ /,noexec,/; where[i] = $2
          }
      }
      END { for (i = 1; i <= n; i++) if (off[i]) print "noexec " path[i] " " where[i] }' "$ROOT/proc/self/mounts"
  fi
}

# firewall: what firewalld lets through, as it runs now.
firewall() {
  local zone
  if ! command -v firewall-cmd >/dev/null || ! systemctl --quiet is-active firewalld.service 2>/dev/null; then
    return
  fi
  zone=$(firewall-cmd --get-default-zone 2>/dev/null </dev/null)
  printf 'firewalld %s\n' "${zone:-unknown}"
  firewall-cmd --list-all-zones 2>/dev/null </dev/null | awk -v default_zone="$zone" '
    function told() {
      if (zone == "" || !(active || zone == default_zone || zone == "trusted")) return
      print "firewall-zone " zone, (target == "ACCEPT" ? "accept" : "other"), words("interfaces"), words("sources"), words("ports"),
        words("protocols"), words("services")
    }
    function words(key) { return lists[key] == "" ? "-" : lists[key] }
    /^[^ \t]/ {
      told()
      zone = $1; active = /\([^)]*active/; target = ""; split("", lists)
      next
    }
    {
      key = $1
      if (sub(/:$/, "", key) == 0) next
      if (key == "target") target = $2
      for (i = 2; i <= NF; i++)
        if ($i ~ /^[A-Za-z0-9._\/:-]+$/ && length(lists[key]) + length($i) < 1000) lists[key] = lists[key] (lists[key] == "" ? "" : ",") $i
    }
    END { told() }'
}
