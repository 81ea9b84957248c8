#!/bin/sh
# The packet filter rules of this Node's services: kube-proxy and flannel write theirs when something changes and do not look whether they
# are still there (kube-proxy in nftables mode once an hour). A firewall that flushes everything takes them away.
#
# rule-sets follow FILE: restarts the service whose rules are gone, for ever.
# rule-sets gone FILE: prints the lines of FILE whose rules are gone, and nothing where that cannot be told.
#
# FILE has lines UNIT FAMILY TABLE CHAIN: the chain is never without a rule while the service works.
set -u
export LC_ALL=C

# Seconds between two looks, and until a second look has to agree with the first: a service may be about to write its rules.
interval=${PLINTH_RULES_SECONDS:-10}
confirm=${PLINTH_RULES_CONFIRM:-2}
# Seconds that a service has for its first rules, and after a restart of one that had them.
patience=60
patience_again=15

# there FAMILY TABLE CHAIN: whether the chain has a rule; yes as well where nft does not say that there is none.
there() {
  local listed
  if ! listed=$(nft list chain "$1" "$2" "$3" 2>&1 </dev/null); then
    case $listed in
      *"No such file or directory"*) return 1 ;;
    esac
    return 0
  fi
  printf '%s\n' "$listed" | awk '
    $1 == "table" || $1 == "chain" || $1 == "type" || $1 == "comment" || $1 == "}" || NF == 0 || /^#/ { next }
    { found = 1 }
    END { exit !found }'
}

# gone FILE
gone() {
  local unit family table chain
  while read -r unit family table chain; do
    if ! there "$family" "$table" "$chain"; then
      printf '%s\n' "$unit $family $table $chain"
    fi
  done <"$1"
}

# due UNIT: whether it has been up for long enough to have its rules.
due() {
  local state since now needed
  state=$(systemctl show --property=ActiveState --value "$1") || return 1
  [ "$state" = active ] || return 1
  case $SEEN in
    *" $1 "*) needed=$patience_again ;;
    *) needed=$patience ;;
  esac
  since=$(systemctl show --property=ActiveEnterTimestampMonotonic --value "$1") || return 1
  read -r now _ </proc/uptime
  [ "${since:-0}" -gt 0 ] && [ $((${now%.*} - since / 1000000)) -ge "$needed" ]
}

# pass FILE: SEEN is the services that had their rules since they were started.
pass() {
  local unit family table chain
  while read -r unit family table chain; do
    if there "$family" "$table" "$chain"; then
      case $SEEN in
        *" $unit "*) ;;
        *) SEEN="$SEEN$unit " ;;
      esac
    elif due "$unit" && sleep "$confirm" && ! there "$family" "$table" "$chain"; then
      printf '%s\n' "the rules of $unit are gone (table $family $table): it is restarted, which writes them again"
      SEEN=$(printf '%s' "$SEEN" | sed "s/ $unit / /")
      systemctl restart "$unit" </dev/null || printf '%s\n' "$unit could not be restarted" >&2
    fi
  done <"$1"
}

case ${1-} in
  follow)
    # It ends after its commands: systemd may not hear of the end of one that outlives it, and waits for 90 s.
    trap 'exit 0' TERM
    SEEN=' '
    while :; do
      pass "$2"
      sleep "$interval"
    done
    ;;
  gone) gone "$2" ;;
  *)
    echo "usage: rule-sets follow|gone FILE" >&2
    exit 64
    ;;
esac
