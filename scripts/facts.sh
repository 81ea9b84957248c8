#!/bin/sh
# facts.sh: what this host is, as lines for a program to read. Read-only and stand-alone: it is fed to `sh -s` on a host that has
# never seen us, as root or as a user, then with what a user can see.
#   machine-id, boot-id, hostname, kernel, arch, os ID VERSION, systemd VERSION, uid
#   clock SECONDS                            since the epoch
#   memory-kib, cpus, swap-kib, disk-free-kib PATH KIB
#   claim cluster|cluster-id|host|stack|generation VALUE    only when claimed
#   bundle NAME GENERATION complete|half-done|failed [REASON]
#   listen tcp ADDRESS PORT PID COMMAND UNIT     `-` where unknown
#   address ADDRESS INTERFACE
#   command NAME PATH|-
#   mount-cgroup v1|v2
#   end

set -u
LC_ALL=C
export LC_ALL
PATH="${PATH:-/usr/bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ROOT=${PLINTH_ROOT:-}
STATE=$ROOT/var/lib/plinth

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
}

capacity() {
  while read -r c_key c_value _; do
    case $c_key in
      MemTotal:) c_memory=$c_value ;;
      SwapTotal:) c_swap=$c_value ;;
    esac
  done </proc/meminfo
  printf 'memory-kib %s\nswap-kib %s\ncpus %s\n' "${c_memory:--}" "${c_swap:--}" "$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN)"
  # What is not there yet lies on the file system of what is above it.
  for c_path in /var/lib /opt; do
    c_at=$ROOT$c_path
    while [ ! -d "$c_at" ] && [ -n "$c_at" ]; do
      c_at=${c_at%/*}
    done
    df -Pk "${c_at:-/}" 2>/dev/null | { read -r _ && read -r _ _ _ c_free _ && printf 'disk-free-kib %s %s\n' "$c_path" "$c_free"; }
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
  ss -H -ltnp 2>/dev/null | awk '
    {
      local = $4
      port = local; sub(/.*:/, "", port)
      address = substr(local, 1, length(local) - length(port) - 1)
      gsub(/[][]/, "", address); sub(/%.*/, "", address)
      pid = "-"; command = "-"
      if (match($0, /\(\("[^"]*"/)) { command = substr($0, RSTART + 3, RLENGTH - 4); gsub(/ /, "_", command) }
      if (match($0, /pid=[0-9]+/)) pid = substr($0, RSTART + 4, RLENGTH - 4)
      print address, port, pid, command
    }' | while read -r l_address l_port l_pid l_command; do
    UNIT=-
    if [ "$l_pid" != - ]; then
      unit_of "$l_pid"
    fi
    printf 'listen tcp %s %s %s %s %s\n' "$l_address" "$l_port" "$l_pid" "$l_command" "$UNIT"
  done
}

addresses() {
  if command -v ip >/dev/null; then
    ip -o address show 2>/dev/null | awk '$3 == "inet" || $3 == "inet6" { split($4, a, "/"); sub(/@.*/, "", $2); print "address " a[1] " " $2 }'
  fi
}

commands() {
  for co_name in curl flock systemctl ss haproxy keepalived nft sha256sum; do
    co_path=$(command -v "$co_name") || co_path=-
    printf 'command %s %s\n' "$co_name" "$co_path"
  done
}

cgroups() {
  case $(stat -fc %T /sys/fs/cgroup 2>/dev/null) in
    cgroup2fs) printf 'mount-cgroup v2\n' ;;
    *) printf 'mount-cgroup v1\n' ;;
  esac
}

main() {
  printf 'plinth-facts 1\n'
  machine
  # As late as possible in a line of its own: the reader compares it with its own clock.
  printf 'clock %s\n' "$(date +%s.%3N)"
  capacity
  claim
  bundles
  listeners
  addresses
  commands
  cgroups
  printf 'end\n'
}

main
