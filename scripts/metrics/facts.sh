# What is told, and how.

STATE=$ROOT$STATE_PATH
FILE=$1

# gauge NAME HELP
gauge() {
  printf '# HELP %s %s\n# TYPE %s gauge\n' "$1" "$2" "$1"
}

# label TEXT: sets LABEL to the text as the value of a label.
label() {
  case $1 in
    *[\\\"]*) LABEL=$(printf '%s' "$1" | sed 's/[\\"]/\\&/g') ;;
    *) LABEL=$1 ;;
  esac
}

claimed() {
  local key value cluster host
  cluster='' host=
  if [ -r "$STATE/claim" ]; then
    while read -r key value; do
      case $key in
        cluster) cluster=$value ;;
        host) host=$value ;;
      esac
    done <"$STATE/claim"
  fi
  gauge plinth_host_info 'The cluster that the host belongs to, and its name there.'
  if [ -n "$host" ]; then
    printf 'plinth_host_info{cluster="%s",host="%s"} 1\n' "$cluster" "$host"
  fi
}

bundles() {
  local state
  gauge plinth_bundle_state 'How far a bundle of the host got: 1 for the state that it is in.'
  for HOME_DIR in "$STATE/bundles"/*; do
    if [ -r "$HOME_DIR/manifest" ] || [ -r "$HOME_DIR/intent" ]; then
      bundle_state
      for state in complete half-done failed; do
        printf 'plinth_bundle_state{bundle="%s",state="%s"} %d\n' "${HOME_DIR##*/}" "$state" "$([ "$state" = "$BUNDLE_STATE" ] && echo 1 || echo 0)"
      done
    fi
  done
}

# certificates: when each of the cluster's on this host ends, and how long it lives. A process for each, and one for all: this runs every minute.
certificates() {
  local file dates
  {
    find "$ROOT/etc/kubernetes/pki" "$ROOT$ROSTER_PATH" -name '*.crt' -type f 2>/dev/null
    printf '%s\n' "$ROOT$KUBELET_CLIENT_PATH" "$ROOT$KUBELET_SERVING_PATH"
  } | sort | while read -r file; do
    if [ -r "$file" ] && dates=$(openssl x509 -noout -dates -in "$file" 2>/dev/null); then
      label "${file#"$ROOT"}"
      printf 'path %s\n%s\n' "$LABEL" "$dates"
    fi
  done | awk '
    # Seconds since the epoch of a time as openssl writes it: Nov 30 19:43:09 2026 GMT. Years begin in March here.
    function epoch(month, day, clock, year, months, time) {
      months = (index("MarAprMayJunJulAugSepOctNovDecJanFeb", month) - 1) / 3
      if (months > 9) year--
      split(clock, time, ":")
      day += 365 * year + int(year / 4) - int(year / 100) + int(year / 400) + int((153 * months + 2) / 5) - 719469
      return ((day * 24 + time[1]) * 60 + time[2]) * 60 + time[3]
    }
    function family(name, help, values, n) {
      printf "# HELP %s %s\n# TYPE %s gauge\n", name, help, name
      for (n = 1; n <= count; n++) printf "%s{path=\"%s\"} %.0f\n", name, paths[n], values[n]
    }
    /^path / { paths[++count] = substr($0, 6) }
    sub(/^notBefore=/, "") { begins[count] = epoch($1, $2, $3, $4) }
    sub(/^notAfter=/, "") { ends[count] = epoch($1, $2, $3, $4); lives[count] = ends[count] - begins[count] }
    END {
      family("plinth_certificate_expiry_timestamp_seconds", "When a certificate ends, seconds since the epoch.", ends)
      family("plinth_certificate_lifetime_seconds", "How long a certificate lives, from its beginning to its end.", lives)
    }'
}

# virtual_ips: from the files of keepalived as we write them, an instance and one address each, and who holds it.
virtual_ips() {
  local file name address held
  gauge plinth_virtual_ip_held 'Whether this host holds a virtual IP that it may hold.'
  for file in "$ROOT/etc/keepalived/keepalived.conf" "$ROOT$FORMER_ADDRESSES_PATH"; do
    if [ -r "$file" ]; then
      awk '
        after_address { sub(/\/.*/, "", $1); print name, $1; after_address = 0 }
        $1 == "vrrp_instance" { name = $2 }
        $1 == "virtual_ipaddress" { after_address = name != "" }' "$file"
    fi
  done | while read -r name address; do
    held=0
    if ip -o -4 address show to "$address" 2>/dev/null | grep -q .; then
      held=1
    fi
    printf 'plinth_virtual_ip_held{vrrp_instance="%s",address="%s"} %d\n' "$name" "$address" "$held"
  done
}

# reboot: whether the host waits for one: its distribution says so, or has a later kernel than the one that runs.
reboot() {
  local required kernel newest
  required=0 newest=
  if [ -e "$ROOT/run/reboot-required" ] || [ -e "$ROOT/var/run/reboot-required" ]; then
    required=1
  fi
  for kernel in "$ROOT"/boot/vmlinuz-*; do
    # shellcheck disable=SC3013 # dash and bash know -nt
    if [ -e "$kernel" ] && { [ -z "$newest" ] || [ "$kernel" -nt "$newest" ]; }; then
      newest=$kernel
    fi
  done
  # A container has the kernel of its machine.
  if [ -n "$newest" ] && [ ! -e "$ROOT/run/systemd/container" ] && [ "${newest##*/vmlinuz-}" != "$(uname -r)" ]; then
    required=1
  fi
  gauge plinth_reboot_required 'Whether the host waits for a reboot, as its distribution or its newest kernel says.'
  printf 'plinth_reboot_required %d\n' "$required"
}

# runs: when somebody last ran Plinth here, and what the last look for drift has found.
runs() {
  local kind at found
  gauge plinth_last_run_timestamp_seconds 'When a run of Plinth last began here, by its kind: up, drift.'
  for kind in up drift; do
    if [ -r "$STATE/runs/$kind" ] && read -r at _ <"$STATE/runs/$kind"; then
      printf 'plinth_last_run_timestamp_seconds{kind="%s"} %s\n' "$kind" "$at"
    fi
  done
  gauge plinth_drift_differences 'Differences from what was left on this host that the last look for drift has found.'
  if [ -r "$STATE/runs/drift" ] && read -r _ found <"$STATE/runs/drift"; then
    printf 'plinth_drift_differences %s\n' "$found"
  fi
}

# backups INTERVAL AGE: what is asked of them; what became of them is in the file of scripts/backup.
backups() {
  if [ "$1" != - ]; then
    gauge plinth_backup_interval_seconds 'Time between two sets of data that members are to make.'
    printf 'plinth_backup_interval_seconds %s\n' "$1"
  fi
  if [ "$2" != - ]; then
    gauge plinth_backup_drill_max_age_seconds 'Age of the last restore drill after which there has to be another one.'
    printf 'plinth_backup_drill_max_age_seconds %s\n' "$2"
  fi
}

figures() {
  claimed
  bundles
  certificates
  virtual_ips
  reboot
  runs
  backups "$@"
}

mkdir -p "${FILE%/*}" && figures "${2:--}" "${3:--}" >"$FILE.new" && mv "$FILE.new" "$FILE"
