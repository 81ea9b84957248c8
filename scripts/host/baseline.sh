#!/bin/sh
# baseline MODULES PARAMETERS: gives this host the kernel modules and parameters that the two files name, now and at every
# boot. Looks before it changes, so that it does nothing where all is as it should be, and tries everything before it
# fails. The files have the forms of modules-load.d and sysctl.d.

set -u
LC_ALL=C
export LC_ALL
PATH="${PATH:-/usr/bin}:/usr/sbin:/sbin"
export PATH
ROOT=${PLINTH_ROOT:-}
FAILED=

# complain TEXT: one line for the journal.
complain() {
  FAILED=yes
  printf 'error: %s\n' "$1" >&2
}

# works MODULE: what is built into the kernel is no module, so what counts is the effect.
works() {
  case $1 in
    overlay) grep -qw overlay "$ROOT/proc/filesystems" ;;
    br_netfilter) [ -e "$ROOT/proc/sys/net/bridge/bridge-nf-call-iptables" ] ;;
    nf_conntrack) [ -e "$ROOT/proc/sys/net/netfilter/nf_conntrack_max" ] ;;
    nf_tables) shows "$1" nft_do_chain ;;
    vxlan) shows "$1" vxlan_xmit ;;
    *) [ -d "$ROOT/sys/module/$1" ] ;;
  esac
}

# shows MODULE SYMBOL: in a container what is built in may show as a symbol only.
shows() {
  [ -d "$ROOT/sys/module/$1" ] || grep -qw "$2" "$ROOT/proc/kallsyms" 2>/dev/null
}

load_modules() {
  while read -r lm_name; do
    case $lm_name in
      '' | '#'*) continue ;;
    esac
    if ! works "$lm_name" && ! lm_error=$(modprobe "$lm_name" 2>&1) && ! works "$lm_name"; then
      complain "cannot load the kernel module $lm_name: $lm_error"
    fi
  done <"$1"
}

# parameter_path KEY: sets PARAMETER_PATH; dots and slashes change places, for a dot may be part of an interface's name.
parameter_path() {
  PARAMETER_PATH=$(printf '%s' "$1" | tr ./ /.)
}

# parameter_read FILE: sets VALUE to its words, one blank in between.
parameter_read() {
  VALUE=
  while read -r pr_line; do
    set -f
    # shellcheck disable=SC2086 # its words
    set -- $pr_line
    set +f
    VALUE="$VALUE${VALUE:+ }$*"
  done <"$1"
}

set_parameters() {
  while read -r sp_key sp_equals sp_wanted; do
    if [ "$sp_equals" != = ]; then
      continue
    fi
    parameter_path "$sp_key"
    # A key may be a pattern, as in net.ipv4.conf.*.rp_filter.
    for sp_file in "$ROOT/proc/sys/"$PARAMETER_PATH; do
      if [ ! -e "$sp_file" ]; then
        complain "this kernel has no parameter $sp_key"
        continue
      fi
      parameter_read "$sp_file"
      if [ "$VALUE" != "$sp_wanted" ] && ! { printf '%s\n' "$sp_wanted" >"$sp_file"; } 2>/dev/null; then
        complain "cannot set the kernel parameter $sp_key to $sp_wanted, it stays $VALUE (is this host a container?)"
      fi
    done
  done <"$1"
}

load_modules "$1"
set_parameters "$2"
test -z "$FAILED"
