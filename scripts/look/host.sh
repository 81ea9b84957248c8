# Facts of a host that it knows by itself.

# first_line FILE: sets LINE to the first line of FILE, `-` where it cannot be read.
first_line() {
  LINE=-
  if [ -r "$1" ]; then
    read -r LINE <"$1" || :
  fi
  LINE=${LINE:--}
}

machine_id() {
  first_line "$ROOT/etc/machine-id"
  printf 'machine-id %s\n' "$LINE"
}

# uptime: since the first process began. In a container that is its own boot, not the machine's.
uptime() {
  awk -v ticks="$(getconf CLK_TCK)" '
    FNR == NR { up = $1; next }
    { sub(/^.*\) /, ""); printf "uptime %.2f\n", up - $20 / ticks }' /proc/uptime /proc/1/stat
}

machine() {
  local name kernel arch systemd
  first_line /proc/sys/kernel/random/boot_id
  printf 'boot-id %s\n' "$LINE"
  read -r name kernel arch <<END
$(uname -n -r -m)
END
  printf 'hostname %s\nkernel %s\narch %s\n' "$name" "$kernel" "$arch"
  family
  printf 'os %s %s\n' "${OS_ID:--}" "${OS_VERSION:--}"
  if [ -n "$FAMILY" ]; then
    printf 'os-family %s\n' "$FAMILY"
  fi
  systemd=-
  if command -v systemctl >/dev/null; then
    # `systemd 252 (252.39-1~deb12u1)`, and lines of what it was built with.
    systemd=$(systemctl --version 2>/dev/null)
    systemd=${systemd#* }
    systemd=${systemd%%[!0-9A-Za-z.~+-]*}
  fi
  printf 'systemd %s\nuid %s\n' "${systemd:--}" "$(id -u)"
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
  local state
  if command -v systemctl >/dev/null; then
    set -- systemd-timesyncd chrony chronyd ntp ntpd ntpsec openntpd ntpd-rs
    systemctl is-active "$@" 2>/dev/null | while read -r state; do
      if [ "$state" = active ]; then
        printf 'time-sync %s.service\n' "$1"
      fi
      shift
    done
  fi
}

capacity() {
  local key value memory available swap swap_free wanted path at all blocks size inodes inodes_free
  memory=0 available=0 swap=0 swap_free=0
  while read -r key value _; do
    case $key in
      MemTotal:) memory=$value ;;
      MemAvailable:) available=$value ;;
      SwapTotal:) swap=$value ;;
      SwapFree:) swap_free=$value ;;
    esac
  done </proc/meminfo
  printf 'memory-kib %s\nmemory-available-kib %s\n' "$memory" "$available"
  printf 'swap-kib %s\nswap-used-kib %s\n' "$swap" "$((swap - swap_free))"
  # shellcheck disable=SC2086 # a list of paths
  set -- /var/lib /opt /var/lib/containerd /var/lib/kubelet $DIRECTORIES
  wanted=$*
  for path in "$@"; do
    existing "$ROOT$path"
    set -- "$@" "$EXISTING"
    shift
  done
  # A line for each that can be told, in their order. Some file systems have inodes without end, and say 0.
  stat -f -c '%b %a %S %c %d %n' "$@" 2>/dev/null | {
    at=
    for path in $wanted; do
      existing "$ROOT$path"
      if [ -z "$at" ] && ! read -r all blocks size inodes inodes_free at; then
        break
      fi
      if [ "$at" != "$EXISTING" ]; then
        continue
      fi
      at=
      printf 'disk-size-kib %s %s\n' "$path" "$((all * (size / 512) / 2))"
      printf 'disk-free-kib %s %s\n' "$path" "$((blocks * (size / 512) / 2))"
      if [ "$inodes" != 0 ]; then
        printf 'inodes %s %s\n' "$path" "$inodes"
        printf 'inodes-free %s %s\n' "$path" "$inodes_free"
      fi
    done
  }
}

# existing PATH: sets EXISTING to the directory on whose file system PATH is or will be: itself, or the nearest one above it.
existing() {
  EXISTING=$1
  while [ ! -d "$EXISTING" ] && [ -n "$EXISTING" ]; do
    EXISTING=${EXISTING%/*}
  done
  EXISTING=${EXISTING:-/}
}

populated() {
  local path entry
  # shellcheck disable=SC2086 # a list of paths
  for path in /etc/kubernetes /etc/cni/net.d /var/lib/kubelet /var/lib/etcd /var/lib/containerd /var/lib/rancher /etc/rancher $DIRECTORIES; do
    for entry in "$ROOT$path"/* "$ROOT$path"/.[!.]*; do
      # A file system of its own has it from the beginning.
      if [ "${entry##*/}" != lost+found ] && { [ -e "$entry" ] || [ -h "$entry" ]; }; then
        printf 'populated %s\n' "$path"
        break
      fi
    done
  done
}

claim() {
  local key value
  if [ -r "$STATE/claim" ]; then
    while read -r key value; do
      printf 'claim %s %s\n' "$key" "$value"
    done <"$STATE/claim"
  fi
}

bundles() {
  for HOME_DIR in "$STATE/bundles"/*; do
    if [ -r "$HOME_DIR/manifest" ] || [ -r "$HOME_DIR/intent" ]; then
      bundle_state
      printf 'bundle %s %s %s%s\n' "${HOME_DIR##*/}" "$GENERATION" "$BUNDLE_STATE" "${BUNDLE_REASON:+ $BUNDLE_REASON}"
    fi
  done
}

# restores: how far a restore of etcd's data has come here, one that this host is to begin with, and the last that came to its end.
restores() {
  local key file
  for key in restore seed; do
    file=$STATE/$key
    if [ -r "$file" ]; then
      awk -v key="$key" '{ value[$1] = $2 }
        END { print key, value["id"], value["step"], value["sha256"], value["token"], value["members"], value["bump"] }' "$file"
    fi
  done
  if [ -r "$STATE/restored" ]; then
    first_line "$STATE/restored"
    printf 'restored %s\n' "$LINE"
  fi
}

# data_directories: what bundles that were brought to their end have where a release keeps or empties it.
data_directories() {
  local bundle
  for bundle in "$STATE/bundles"/*; do
    if [ -r "$bundle/manifest" ]; then
      awk -v bundle="${bundle##*/}" '$1 == "directory" && ($5 == "keep" || $5 == "purge") { print "data-directory " bundle " " $2 }' \
        "$bundle/manifest"
    fi
  done
}

# role_files: what the bundles of roles have, or have begun to bring.
role_files() {
  local bundle file
  for bundle in "$STATE/bundles"/role-*; do
    for file in "$bundle/manifest" "$bundle/intent"; do
      if [ -r "$file" ]; then
        cat "$file"
      fi
    done | awk -v bundle="${bundle##*/}" '{ sub(/^owns /, "") }
      $1 == "file" && !($2 in seen) { seen[$2] = 1; print "role-file " bundle " " $2 }'
  done
}

# unmounted: of the directories that were asked for, those whose disk is missing: what would be written there would be hidden by it later.
unmounted() {
  local path
  if [ ! -r "$ROOT/etc/fstab" ] || [ ! -r "$ROOT/proc/self/mounts" ]; then
    return
  fi
  for path in $DIRECTORIES; do
    awk -v path="$path" '
      FNR == NR { mounted[$2] = 1; next }
      /^[[:space:]]*#/ || $2 !~ /^\// || $2 == "/" { next }
      { at = $2; sub(/\/$/, "", at) }
      (path == at || index(path, at "/") == 1) && length(at) >= longest && ("," $4 ",") !~ /,noauto,/ { longest = length(at); where = at }
      END { if (where != "" && !(where in mounted)) print "unmounted " path " " where }' "$ROOT/proc/self/mounts" "$ROOT/etc/fstab"
  done
}

# unit_of PID: sets UNIT to the systemd unit whose cgroup the process is in.
unit_of() {
  local controllers path rest
  UNIT=-
  if [ -r "/proc/$1/cgroup" ]; then
    while IFS=: read -r _ controllers path; do
      case $controllers in
        '' | 'name=systemd')
          case $path in
            *.service | *.service/* | *.scope | *.scope/* | *.socket)
              # The innermost unit: /system.slice/a.service/sub belongs to a.service.
              rest=$path
              while [ -n "$rest" ]; do
                case ${rest##*/} in
                  *.service | *.scope | *.socket)
                    UNIT=${rest##*/}
                    break
                    ;;
                esac
                rest=${rest%/*}
              done
              ;;
          esac
          ;;
      esac
    done <"/proc/$1/cgroup"
  fi
}

# listeners: what listens, and whose it is.
#
# ss lists processes first and sockets afterwards: a socket of a service that is being started shows no owner, and one of a service
# that ends has a process that is gone. So sockets of TCP without a unit are looked at again; those of the kernel stay so.
listeners() {
  local found
  if ! command -v ss >/dev/null; then
    return
  fi
  for _ in 1 2 3; do
    found=$(sockets)
    if ! printf '%s\n' "$found" | grep -q '^listen tcp .* -$'; then
      break
    fi
  done
  if [ -n "$found" ]; then
    printf '%s\n' "$found"
  fi
}

sockets() {
  local protocol address port pid command
  ss -H -ltunp 2>/dev/null | awk '
    {
      local = $5
      port = local; sub(/.*:/, "", port)
      address = substr(local, 1, length(local) - length(port) - 1)
      gsub(/[][]/, "", address); sub(/%.*/, "", address)
      pid = "-"; command = "-"
      if (match($0, /\(\("[^"]*"/)) { command = substr($0, RSTART + 3, RLENGTH - 4); gsub(/[^!-~]/, "_", command) }
      if (match($0, /pid=[0-9]+/)) pid = substr($0, RSTART + 4, RLENGTH - 4)
      print $1, address, port, pid, command
    }' | while read -r protocol address port pid command; do
    UNIT=-
    if [ "$pid" != - ]; then
      unit_of "$pid"
    fi
    printf 'listen %s %s %s %s %s %s\n' "$protocol" "$address" "$port" "$pid" "$command" "$UNIT"
  done
}

addresses() {
  if command -v ip >/dev/null; then
    ip -o address show 2>/dev/null | awk '$3 == "inet" || $3 == "inet6" { split($4, a, "/"); sub(/@.*/, "", $2); print "address " a[1] " " $2 }'
  fi
}

# commands: looks along PATH itself, as `command -v` can only be read by another process each time.
commands() {
  local name directory path IFS
  for name in curl flock systemctl ss haproxy keepalived nft sha256sum modprobe conntrack; do
    path=-
    IFS=:
    for directory in $PATH; do
      if [ -f "$directory/$name" ] && [ -x "$directory/$name" ]; then
        path=$directory/$name
        break
      fi
    done
    printf 'command %s %s\n' "$name" "$path"
  done
}

curl_version() {
  if command -v curl >/dev/null; then
    direct_curl --version 2>/dev/null </dev/null | awk '{ print "version curl " $2; exit }'
  fi
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

features() {
  local name
  for name in overlay br_netfilter nf_tables nf_conntrack vxlan; do
    feature "$name"
  done
}

# feature NAME: what is built into the kernel is no module, so the effect is looked for first.
feature() {
  local state
  state=missing
  if feature_works "$1"; then
    state=present
  elif modprobe -n -q "$1" 2>/dev/null; then
    state=loadable
  elif feature_symbol "$1"; then
    state=present
  fi
  printf 'kernel-feature %s %s\n' "$1" "$state"
}

# feature_symbol NAME: what is built in may show nowhere else, in containers above all.
feature_symbol() {
  local symbol
  case $1 in
    nf_tables) symbol=nft_do_chain ;;
    vxlan) symbol=vxlan_xmit ;;
    *) return 1 ;;
  esac
  grep -qw -m 1 "$symbol" /proc/kallsyms 2>/dev/null
}

feature_works() {
  case $1 in
    overlay) grep -qw overlay /proc/filesystems ;;
    br_netfilter) [ -e /proc/sys/net/bridge/bridge-nf-call-iptables ] ;;
    nf_conntrack) [ -e /proc/sys/net/netfilter/nf_conntrack_max ] ;;
    *) [ -d "/sys/module/$1" ] ;;
  esac
}
