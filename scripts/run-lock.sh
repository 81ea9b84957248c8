# Run lock: who changes the cluster that this host is a control-plane host of. A run of the cluster's own stack is alone. Runs of
# pools may be there at the same time, one for each pool: each changes Nodes of its own, and nothing that they share.
#
# A lock lives as long as this script does, and this script as long as its standard input delivers a byte now and then: it
# ends at once when the operator's process does, and soon after the operator's machine has lost its power or its way here.
#
# Usage: run-lock.sh HOLDER [SECONDS [POOL]]   HOLDER: one line that tells others who holds the lock
#                                              SECONDS: how long to wait for the next byte, default 45
#                                              POOL: name of the pool's stack
# Prints `locked`, and then a dot for every byte that comes; or `held LINE`, what the other holder says of itself.
# PLINTH_ROOT: the directory under which all paths are, for tests.

set -u
umask 077
PATH="${PATH:-/usr/bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
export PATH

lock=$LOCKS/run.lock
pool=${3:+$LOCKS/run.pool-$3.lock}
locks_make || exit 1
for file in "$lock" "${pool:-$lock}"; do
  if ! lock_can_open "$file"; then
    echo "cannot open the lock $file (is this running as root?)" >&2
    exit 1
  fi
done

# held FILE…: says who has the lock, by the first of them that is locked, and ends.
held() {
  local file holder tries
  holder='' tries=0
  # The holder writes its line after it has got the lock: it has a second for that.
  while [ -z "$holder" ] && [ "$tries" -lt 10 ]; do
    for file in "$@"; do
      # A run that was killed has left its line in a file that is free.
      if [ -e "$file" ] && ! flock -n "$file" true; then
        read -r holder <"$file" || :
        break
      fi
    done
    [ -n "$holder" ] || sleep 0.1
    tries=$((tries + 1))
  done
  printf 'held %s\n' "${holder:-by a run that has not said who it is}"
  exit 0
}

# A little patience: the lock of a run that has just been killed is gone as soon as its host has noticed.
exec 9>>"$lock"
if [ -n "$pool" ]; then
  flock -s -w 2 9 || held "$lock"
  exec 8>>"$pool"
  flock -w 2 8 || held "$pool"
else
  flock -w 2 9 || held "${lock%.lock}".pool-*.lock "$lock"
fi
# The same once more, for runs of former releases.
lock_former plinth-run.lock
former=$FORMER former_pool=
if [ -n "$former" ]; then
  exec 7>>"$former"
  if [ -n "$pool" ]; then
    flock -s -w 2 7 || held "$former"
    lock_former "plinth-run.pool-$3.lock"
    former_pool=$FORMER
    if [ -n "$former_pool" ]; then
      exec 6>>"$former_pool"
      flock -w 2 6 || held "$former_pool"
    fi
  else
    flock -w 2 7 || held "${former%.lock}".pool-*.lock "$former"
  fi
fi

# tell LINE: what others are told of the holder; nothing is left of whom they would take for it otherwise.
tell() {
  if [ -n "$pool" ]; then
    # The line of a run that has ended long ago names nobody.
    : >"$lock" && printf '%s' "$1" >"$pool"
    [ -z "$former" ] || : >"$former"
    [ -z "$former_pool" ] || printf '%s' "$1" >"$former_pool"
  else
    printf '%s' "$1" >"$lock"
    [ -z "$former" ] || printf '%s' "$1" >"$former"
  fi
}

tell "$1
"
echo locked
# Children must not have the lock: one that outlives this script would hold it.
while [ -n "$(timeout "${2:-45}" head -c 1 6>&- 7>&- 8>&- 9>&- 2>/dev/null)" ]; do
  printf . || exit
done
tell ''
