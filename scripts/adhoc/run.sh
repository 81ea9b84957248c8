# One command of an operator, for `plinth run`: fed to a shell on the host, and never installed. Arguments:
#
#   SECONDS SIZE WORD…   the words of the command; it gets the next SIZE bytes of standard input as its own
#
# The command ends with its connection: when standard input ends, for whatever reason, it is sent TERM, and KILL five seconds later, with
# all that it has started. sshd can do so by itself only for commands that do not become root. SECONDS is for hosts that do not notice the
# end of a connection; 0: none.

LIMIT=$1
SIZE=$2
shift 2
PID='' STOPPED='' FOLDER=''
exec 3<&0 </dev/null

# What waits is told by a signal: nothing but a signal ends a wait.
trap 'STOPPED=yes; if [ -n "$PID" ]; then kill -TERM "$PID" 2>/dev/null; fi' TERM

INPUT=/dev/null
if [ "$SIZE" -gt 0 ]; then
  if ! FOLDER=$(mktemp -d) || ! mkfifo -m 0600 "$FOLDER/input"; then
    echo 'there is no room for the pipe of the input: look at the disks of the host' >&2
    exit 1
  fi
  INPUT=$FOLDER/input
fi

# By a shell, which says what it does not find as every shell does.
# shellcheck disable=SC2016 # it is the inner shell's
timeout --kill-after=5 "$LIMIT" /bin/sh -c 'exec "$@"' sh "$@" <"$INPUT" 3<&- &
PID=$!
{
  if [ "$SIZE" -gt 0 ]; then head -c "$SIZE" <&3 >"$INPUT"; fi
  # By nothing but the shell: what it had started would outlive it.
  while read -r _ <&3; do :; done
  kill -TERM $$
} >/dev/null 2>&1 &
WATCHER=$!

# The shell would tell of a command that was killed, as if the command had.
wait "$PID" 2>/dev/null
CODE=$?
while [ -n "$STOPPED" ]; do
  STOPPED=''
  wait "$PID" 2>/dev/null
  CODE=$?
done
# From here on nothing is said any more: some shells tell of what they have killed themselves.
exec 2>/dev/null
kill -KILL "$WATCHER"
wait "$WATCHER"
if [ -n "$FOLDER" ]; then rm -rf "$FOLDER"; fi
exit "$CODE"
