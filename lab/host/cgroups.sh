# shellcheck shell=sh
# The cgroups of the lab, for both layouts of the kernel. Sourced; call cgroup_mount in a private mount namespace first,
# because `ip netns exec` hides the cgroup mounts of the machine behind a fresh /sys.
#
# Every host has  <hierarchy>/plinth-<instance>/<host>/supervisor  (the process that boots it) and  …/<host>/machine
# (everything in it), in each hierarchy; two leaves, because cgroup v2 allows no process in a group that has children.

cgroup_base=/sys/fs/cgroup

# Prints 1 or 2: where the memory controller is. PLINTH_LAB_CGROUPS forces it (to try version 2 on a hybrid machine).
cgroup_version() {
  if [ -n "${PLINTH_LAB_CGROUPS:-}" ]; then
    echo "$PLINTH_LAB_CGROUPS"
  elif grep -Eq '^[1-9][0-9]*:([^:]*,)?memory(,[^:]*)?:' /proc/self/cgroup; then
    echo 1
  else
    echo 2
  fi
}

# Mounts every hierarchy below $cgroup_base, writable, whatever was mounted there before.
cgroup_mount() {
  if [ "$(cgroup_version)" = 2 ]; then
    mount -t cgroup2 cgroup2 "$cgroup_base"
    return
  fi
  mount -t tmpfs -o mode=755 tmpfs "$cgroup_base"
  cgroup_named=
  # Controllers that share a hierarchy on this machine (cpu,cpuacct) can only be mounted together.
  while IFS=: read -r cgroup_id cgroup_controllers _; do
    case $cgroup_id:$cgroup_controllers in
      0:*) cgroup_mount_one cgroup2 unified '' ;;
      *:name=systemd)
        cgroup_named=yes
        cgroup_mount_one cgroup systemd none,name=systemd
        ;;
      *:name=*) ;;
      *) cgroup_mount_one cgroup "$cgroup_controllers" "$cgroup_controllers" ;;
    esac
  done </proc/self/cgroup
  # systemd inside the hosts insists on its own hierarchy; a machine without systemd does not have it yet.
  [ -n "$cgroup_named" ] || cgroup_mount_one cgroup systemd none,name=systemd
}

# cgroup_mount_one TYPE DIRECTORY OPTIONS
cgroup_mount_one() {
  mkdir "$cgroup_base/$2"
  mount -t "$1" ${3:+-o "$3"} "$1" "$cgroup_base/$2"
  case $2 in
    *,*) for cgroup_alias in $(echo "$2" | tr , ' '); do ln -s "$2" "$cgroup_base/$cgroup_alias"; done ;;
  esac
}

# Prints the mount point of each hierarchy, one a line.
cgroup_hierarchies() {
  if [ "$(cgroup_version)" = 2 ]; then
    echo "$cgroup_base"
    return
  fi
  for cgroup_directory in "$cgroup_base"/*; do
    [ -L "$cgroup_directory" ] || echo "$cgroup_directory"
  done
}

# cgroup_make HIERARCHY PATH: creates PATH level by level so that processes can be put into it.
cgroup_make() {
  cgroup_at=$1
  for cgroup_level in $(echo "$2" | tr / ' '); do
    cgroup_parent=$cgroup_at
    cgroup_at=$cgroup_at/$cgroup_level
    # The cgroup2 hierarchy of a hybrid machine is for bookkeeping only.
    if [ "$(cgroup_version)" = 2 ]; then
      tr ' ' '\n' <"$cgroup_parent/cgroup.controllers" | while read -r cgroup_controller; do
        echo "+$cgroup_controller" >"$cgroup_parent/cgroup.subtree_control" ||
          echo "cgroup controller $cgroup_controller is not available to the lab's hosts" >&2
      done
    fi
    mkdir -p "$cgroup_at"
    # A cpuset of version 1 starts empty and then refuses every process.
    if [ -e "$cgroup_parent/cpuset.mems" ] && [ -e "$cgroup_parent/cgroup.clone_children" ]; then
      echo 1 >"$cgroup_at/cgroup.clone_children"
      cat "$cgroup_parent/cpuset.cpus" >"$cgroup_at/cpuset.cpus"
      cat "$cgroup_parent/cpuset.mems" >"$cgroup_at/cpuset.mems"
    fi
  done
}

# cgroup_enter PATH: moves the calling shell into PATH in every hierarchy.
cgroup_enter() {
  for cgroup_hierarchy in $(cgroup_hierarchies); do
    cgroup_make "$cgroup_hierarchy" "$1"
    echo $$ >"$cgroup_hierarchy/$1/cgroup.procs"
  done
}

# Prints the directory of the hierarchy that can freeze: all processes of a host are in it.
cgroup_freezer() {
  if [ "$(cgroup_version)" = 2 ]; then echo "$cgroup_base"; else echo "$cgroup_base/freezer"; fi
}

# cgroup_processes PATH: prints every process below PATH, one a line; nothing when PATH does not exist.
cgroup_processes() {
  cgroup_top=$(cgroup_freezer)/$1
  [ -d "$cgroup_top" ] || return 0
  find "$cgroup_top" -name cgroup.procs -exec cat {} + 2>/dev/null || :
}

# cgroup_frozen PATH: true when PATH is, or is becoming, frozen.
cgroup_frozen() {
  cgroup_top=$(cgroup_freezer)/$1
  case $(cat "$cgroup_top/cgroup.freeze" "$cgroup_top/freezer.state" 2>/dev/null) in
    1 | FREEZING | FROZEN) return 0 ;;
    *) return 1 ;;
  esac
}

# cgroup_freeze PATH, cgroup_thaw PATH: return at once; see cgroup_settled.
cgroup_freeze() {
  cgroup_top=$(cgroup_freezer)/$1
  if [ -e "$cgroup_top/cgroup.freeze" ]; then echo 1 >"$cgroup_top/cgroup.freeze"; else echo FROZEN >"$cgroup_top/freezer.state"; fi
}
cgroup_thaw() {
  cgroup_top=$(cgroup_freezer)/$1
  if [ -e "$cgroup_top/cgroup.freeze" ]; then echo 0 >"$cgroup_top/cgroup.freeze"; else echo THAWED >"$cgroup_top/freezer.state"; fi
}

# cgroup_settled PATH: true once every process below PATH really stands still.
cgroup_settled() {
  cgroup_top=$(cgroup_freezer)/$1
  if [ -e "$cgroup_top/cgroup.freeze" ]; then
    grep -qx 'frozen 1' "$cgroup_top/cgroup.events"
  else
    [ "$(cat "$cgroup_top/freezer.state")" = FROZEN ]
  fi
}

# cgroup_remove PATH: removes PATH and everything below it in every hierarchy; false while a process is still in one.
cgroup_remove() {
  cgroup_left=0
  for cgroup_hierarchy in $(cgroup_hierarchies); do
    [ -d "$cgroup_hierarchy/$1" ] || continue
    find "$cgroup_hierarchy/$1" -depth -type d -exec rmdir {} \; 2>/dev/null || :
    [ ! -d "$cgroup_hierarchy/$1" ] || cgroup_left=1
  done
  return $cgroup_left
}
