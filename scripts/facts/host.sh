# Facts of a host that it knows by itself.

# first_line FILE: sets LINE to the first line of FILE, `-` where it cannot be read.
first_line() {
  LINE=-
  if [ -r "$1" ]; then
    read -r LINE <"$1" || :
  fi
  LINE=${LINE:--}
}

machine() {
  first_line "$ROOT/etc/machine-id"
  printf 'machine-id %s\n' "$LINE"
  first_line /proc/sys/kernel/random/boot_id
  printf 'boot-id %s\n' "$LINE"
  uname -n -r -m | {
    read -r m_name m_kernel m_arch
    printf 'hostname %s\nkernel %s\narch %s\n' "$m_name" "$m_kernel" "$m_arch"
  }
  m_id=- m_version=-
  if [ -r "$ROOT/etc/os-release" ]; then
    while IFS='=' read -r m_key m_value; do
      m_value=${m_value#\"}
      case $m_key in
        ID) m_id=${m_value%\"} ;;
        VERSION_ID) m_version=${m_value%\"} ;;
      esac
    done <"$ROOT/etc/os-release"
  fi
  printf 'os %s %s\n' "$m_id" "$m_version"
  m_systemd=-
  if command -v systemctl >/dev/null; then
    m_systemd=$(systemctl --version 2>/dev/null | { read -r _ m_number _ && printf '%s' "$m_number"; })
  fi
  printf 'systemd %s\nuid %s\n' "${m_systemd:--}" "$(id -u)"
  if [ -e "$ROOT/run/systemd/container" ]; then
    first_line "$ROOT/run/systemd/container"
    printf 'container %s\n' "$LINE"
  fi
}

# own_address: /etc/hosts only, for a name server that does not answer would hold us up.
own_address() {
  if [ -r "$ROOT/etc/hosts" ]; then
    awk -v name="$(uname -n)" '{ sub(/#.*/, ""); for (i = 2; i <= NF; i++) if ($i == name) { print "own-address " $1; next } }' "$ROOT/etc/hosts"
  fi
}

time_sync() {
  if command -v systemctl >/dev/null; then
    set -- systemd-timesyncd chrony chronyd ntp ntpd ntpsec openntpd ntpd-rs
    systemctl is-active "$@" 2>/dev/null | while read -r t_state; do
      if [ "$t_state" = active ]; then
        printf 'time-sync %s.service\n' "$1"
      fi
      shift
    done
  fi
}

capacity() {
  c_memory=0 c_available=0 c_swap=0 c_swap_free=0
  while read -r c_key c_value _; do
    case $c_key in
      MemTotal:) c_memory=$c_value ;;
      MemAvailable:) c_available=$c_value ;;
      SwapTotal:) c_swap=$c_value ;;
      SwapFree:) c_swap_free=$c_value ;;
    esac
  done </proc/meminfo
  printf 'memory-kib %s\nmemory-available-kib %s\n' "$c_memory" "$c_available"
  printf 'swap-kib %s\nswap-used-kib %s\n' "$c_swap" "$((c_swap - c_swap_free))"
  printf 'cpus %s\n' "$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN)"
  for c_path in /var/lib /opt /var/lib/containerd /var/lib/kubelet; do
    # What is not there yet lies on the file system of what is above it.
    c_at=$ROOT$c_path
    while [ ! -d "$c_at" ] && [ -n "$c_at" ]; do
      c_at=${c_at%/*}
    done
    # Some file systems have inodes without end, and say 0.
    stat -f -c '%a %S %c %d' "${c_at:-/}" 2>/dev/null | {
      read -r c_blocks c_size c_inodes c_inodes_free &&
        printf 'disk-free-kib %s %s\n' "$c_path" "$((c_blocks * (c_size / 512) / 2))" &&
        if [ "$c_inodes" != 0 ]; then
          printf 'inodes-free %s %s\n' "$c_path" "$c_inodes_free"
        fi
    }
  done
}

populated() {
  for p_path in /etc/kubernetes /etc/cni/net.d /var/lib/kubelet /var/lib/etcd /var/lib/containerd /var/lib/rancher /etc/rancher; do
    for p_entry in "$ROOT$p_path"/* "$ROOT$p_path"/.[!.]*; do
      if [ -e "$p_entry" ] || [ -h "$p_entry" ]; then
        printf 'populated %s\n' "$p_path"
        break
      fi
    done
  done
}

claim() {
  if [ -r "$STATE/claim" ]; then
    while read -r cl_key cl_value; do
      printf 'claim %s %s\n' "$cl_key" "$cl_value"
    done <"$STATE/claim"
  fi
}

bundles() {
  for b_dir in "$STATE/bundles"/*; do
    if [ ! -r "$b_dir/manifest" ] && [ ! -r "$b_dir/intent" ]; then
      continue
    fi
    b_generation=0 b_state=complete b_reason=
    for b_file in "$b_dir/manifest" "$b_dir/intent"; do
      if [ -r "$b_file" ]; then
        while read -r b_key b_value; do
          case $b_key in
            generation) b_generation=$b_value ;;
            failed) b_reason=$b_value ;;
          esac
        done <"$b_file"
        if [ "$b_file" = "$b_dir/intent" ]; then
          b_state=half-done
        fi
      fi
    done
    if [ -n "$b_reason" ]; then
      b_state=failed
    fi
    printf 'bundle %s %s %s%s\n' "${b_dir##*/}" "$b_generation" "$b_state" "${b_reason:+ $b_reason}"
  done
}

# unit_of PID: sets UNIT to the systemd unit whose cgroup the process is in.
unit_of() {
  UNIT=-
  if [ -r "/proc/$1/cgroup" ]; then
    while IFS=: read -r _ u_controllers u_path; do
      case $u_controllers in
        '' | name=systemd)
          case $u_path in
            *.service | *.service/* | *.scope | *.scope/* | *.socket)
              # The innermost unit: /system.slice/a.service/sub belongs to a.service.
              u_rest=$u_path
              while [ -n "$u_rest" ]; do
                case ${u_rest##*/} in
                  *.service | *.scope | *.socket)
                    UNIT=${u_rest##*/}
                    break
                    ;;
                esac
                u_rest=${u_rest%/*}
              done
              ;;
          esac
          ;;
      esac
    done <"/proc/$1/cgroup"
  fi
}

listeners() {
  if ! command -v ss >/dev/null; then
    return
  fi
  ss -H -ltunp 2>/dev/null | awk '
    {
      local = $5
      port = local; sub(/.*:/, "", port)
      address = substr(local, 1, length(local) - length(port) - 1)
      gsub(/[][]/, "", address); sub(/%.*/, "", address)
      pid = "-"; command = "-"
      if (match($0, /\(\("[^"]*"/)) { command = substr($0, RSTART + 3, RLENGTH - 4); gsub(/ /, "_", command) }
      if (match($0, /pid=[0-9]+/)) pid = substr($0, RSTART + 4, RLENGTH - 4)
      print $1, address, port, pid, command
    }' | while read -r l_protocol l_address l_port l_pid l_command; do
    UNIT=-
    if [ "$l_pid" != - ]; then
      unit_of "$l_pid"
    fi
    printf 'listen %s %s %s %s %s %s\n' "$l_protocol" "$l_address" "$l_port" "$l_pid" "$l_command" "$UNIT"
  done
}

addresses() {
  if command -v ip >/dev/null; then
    ip -o address show 2>/dev/null | awk '$3 == "inet" || $3 == "inet6" { split($4, a, "/"); sub(/@.*/, "", $2); print "address " a[1] " " $2 }'
  fi
}

commands() {
  for co_name in curl flock systemctl ss haproxy keepalived nft sha256sum modprobe conntrack; do
    co_path=$(command -v "$co_name") || co_path=-
    printf 'command %s %s\n' "$co_name" "$co_path"
  done
}

# versions: of what comes from the distribution and is not the same everywhere.
versions() {
  if command -v nft >/dev/null; then
    nft --version 2>/dev/null </dev/null | awk '{ sub(/^v/, "", $2); print "version nft " $2; exit }'
  fi
  if command -v haproxy >/dev/null; then
    haproxy -v 2>/dev/null </dev/null | awk '{ print "version haproxy " $3; exit }'
  fi
  if command -v keepalived >/dev/null; then
    keepalived --version 2>&1 </dev/null | awk '{ sub(/^v/, "", $2); print "version keepalived " $2; exit }'
  fi
}

cgroups() {
  case $(stat -fc %T /sys/fs/cgroup 2>/dev/null) in
    cgroup2fs)
      first_line /sys/fs/cgroup/cgroup.controllers
      printf 'mount-cgroup v2\ncgroup-controllers %s\n' "$LINE"
      ;;
    *)
      printf 'mount-cgroup v1\n'
      awk '/^[^#]/ && $4 == 1 { list = list " " $1 } END { print "cgroup-controllers" (list == "" ? " -" : list) }' /proc/cgroups 2>/dev/null
      ;;
  esac
}

# feature NAME: what is built into the kernel is no module, so the effect is looked for first.
feature() {
  f_state=missing
  if feature_works "$1"; then
    f_state=present
  elif modprobe -n -q "$1" 2>/dev/null; then
    f_state=loadable
  elif feature_symbol "$1"; then
    f_state=present
  fi
  printf 'kernel-feature %s %s\n' "$1" "$f_state"
}

# feature_symbol NAME: what is built in may show nowhere else, in containers above all.
feature_symbol() {
  case $1 in
    nf_tables) f_symbol=nft_do_chain ;;
    vxlan) f_symbol=vxlan_xmit ;;
    *) return 1 ;;
  esac
  grep -qw -m 1 "$f_symbol" /proc/kallsyms 2>/dev/null
}

feature_works() {
  case $1 in
    overlay) grep -qw overlay /proc/filesystems ;;
    br_netfilter) [ -e /proc/sys/net/bridge/bridge-nf-call-iptables ] ;;
    nf_conntrack) [ -e /proc/sys/net/netfilter/nf_conntrack_max ] ;;
    *) [ -d "/sys/module/$1" ] ;;
  esac
}
