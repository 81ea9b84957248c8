# Judges: the wanted programs themselves say whether they take the files and arguments that are planned for them. Asked before anything
# is changed, and only where the unit runs and is about to be restarted or reloaded: a unit that is down has nothing to lose, and a
# first start is judged by starting. The way back asks nothing.
#
# A program is asked apart from all that runs: in namespaces of its own for mounts, processes, the network, IPC and the name of the host.
# There
#   /etc                  is a copy with the planned files in place, and /opt/plinth/bin leads to the wanted versions
#   /run, /tmp            are empty, so that no container runtime, no systemd and no D-Bus can be reached
#   directories of the bundle below /var   are empty, with their modes and owners
#   all other files       are as they are on the host, and cannot be written; likewise the kernel's parameters and cgroups
#   the network           has lo only, to which every address leads: whoever is asked refuses at once
# What is not there is no reason to refuse: where the program complains about that, it could not be judged, and is restarted all the same.

# What complaints about what is not there look like.
JUDGE_ABSENT='dial unix |connect: |connection refused|network is unreachable'
JUDGE_ABSENT="$JUDGE_ABSENT|i/o timeout|deadline exceeded|read-only file system|no such host|failure in name resolution"
# The line after which the program itself speaks.
JUDGE_BEGINS='plinth: the judge begins'

# The way into the namespaces: ROOT VIEW BIN SECONDS USER COMMAND…, with USER `-` for root. Its first line of output that is not an
# error is JUDGE_BEGINS. `timeout` is the first process there, so that nothing outlives a killed run for long.
# shellcheck disable=SC2016 # another shell's text
JUDGE_INSIDE='set -e
cd /
root=$1 view=$2 bin=$3 seconds=$4 user=$5
shift 5
ip link set lo up
ip route add local 0.0.0.0/0 dev lo
while read -r place; do
  mount --bind "$view/places$place" "$root$place"
done <"$view/mounts"
if [ -d "$bin" ]; then mount --bind "$view/bin" "$bin"; fi
mount --bind "$view/etc" "$root/etc"
if [ -d "$root/tmp" ]; then mount --bind "$view/tmp" "$root/tmp"; fi
begins=$(cat "$view/begins") places=$(cat "$view/mounts")
mount --bind "$view/run" "$root/run"
mount --bind /proc/sys /proc/sys
mount -o remount,bind,ro /proc/sys
mount -o remount,bind,ro /
while read -r _ place _; do
  case $place in
    / | /proc | /proc/* | /dev | /dev/* | "$root/etc" | "$root/etc"/* | "$root/run" | "$root/run"/* | "$root/tmp" | "$root/tmp"/*) continue ;;
  esac
  for other in $places; do
    case $place in "$root$other" | "$root$other"/*) continue 2 ;; esac
  done
  # Others may be hidden behind one that was mounted later.
  mount -o remount,bind,ro "$place" 2>/dev/null || [ "${place#/sys}" = "$place" ]
done </proc/self/mounts
echo 1000 >/proc/self/oom_score_adj
echo "$begins"
if [ "$user" = - ]; then
  exec timeout -s KILL "$seconds" "$@"
fi
exec timeout -s KILL "$seconds" setpriv --reuid="$user" --regid="$user" --clear-groups --no-new-privs "$@"'

# judges_run: ends the script, with all refusals, when a judge of STAGE/plan refuses.
judges_run() {
  local units kind name seconds unit arguments refusals view
  units=
  : >"$STAGE/judges"
  while read -r kind name seconds unit arguments; do
    # shellcheck disable=SC2086 # lists of words
    if [ "$kind" = judge ] && has_word "$unit" $HIT_RESTART $HIT_RELOAD; then
      units="$units $unit"
      printf '%s\n' "$name $seconds $unit $arguments" >>"$STAGE/judges"
    fi
  done <"$STAGE/plan"
  if [ -z "$units" ]; then
    return 0
  fi
  # shellcheck disable=SC2086 # a list of words
  units_show $units || die "$EXIT_FAILED" "$FAILURE; nothing was changed"
  refusals='' view=
  while read -r name seconds unit arguments; do
    unit_get "$unit"
    if [ "$UNIT_ACTIVE" != active ]; then
      continue
    fi
    if [ -z "$view" ]; then
      view=made
      view_make 2>"$STAGE/view.error" || view=
    fi
    REASON='' UNJUDGED=
    if [ -z "$view" ]; then
      REASON=$(tail -n 1 "$STAGE/view.error") UNJUDGED=yes
    else
      set -f
      # shellcheck disable=SC2086 # the stream's words
      judge "$name" "$unit" "$seconds" $arguments
    fi
    if [ -n "$UNJUDGED" ]; then
      say "$unit is restarted without having been judged: $REASON"
    elif [ -n "$REASON" ]; then
      refusals="$refusals${refusals:+; }$unit would not take what is planned (judge $name): $REASON"
    fi
  done <"$STAGE/judges"
  rm -rf "$STAGE/view"
  if [ -n "$refusals" ]; then
    die "$EXIT_BAD_INPUT" "$refusals; nothing was changed, and what runs runs on"
  fi
}

# judge NAME UNIT SECONDS ARGUMENTS…: sets REASON when the program refuses, and UNJUDGED besides when it could not be asked.
judge() {
  local name
  name=$1
  shift
  # The words have been split.
  set +f
  case $name in
    command) judge_command "$@" ;;
    start) judge_start "$@" ;;
  esac
}

# judge_command UNIT SECONDS MEMORY EXECUTABLE WORD…: the program's own check, which ends with 0 when it takes its files.
judge_command() {
  local seconds memory program
  seconds=$2 memory=$3 program=$4
  shift 4
  has_memory "$memory" || return 0
  run_apart "$seconds" 0 '' - "$ROOT$program" "$@"
}

# judge_start UNIT SECONDS MEMORY SETTLE ACCEPTED EXECUTABLE WORD…: EXECUTABLE is started with the arguments of its planned unit, and
# WORDs after them. It has judged when its output matches ACCEPTED, and it does not end otherwise within SETTLE seconds of that.
judge_start() {
  local unit seconds memory settle accepted executable user line
  unit=$1 seconds=$2 memory=$3 settle=$4 accepted=$5 executable=$6
  shift 6
  has_memory "$memory" || return 0
  user=-
  while read -r line; do
    case $line in User=*) user=${line#User=} ;; esac
  done <"$STAGE/view$UNITS_PATH/$unit"
  # What is said last counts: those of the unit first.
  unit_arguments "$STAGE/view$UNITS_PATH/$unit" "$executable" "$@" >"$STAGE/judge.arguments"
  set -- "$ROOT$executable"
  while read -r line; do
    set -- "$@" "$line"
  done <"$STAGE/judge.arguments"
  run_apart "$seconds" "$settle" "$accepted" "$user" "$@"
}

# unit_arguments FILE EXECUTABLE WORD…: prints the arguments that FILE, a unit with one of them on each line, starts EXECUTABLE with, as
# the program gets them, and then WORDs.
unit_arguments() {
  local file executable
  file=$1 executable=$2
  shift 2
  awk -v executable="$executable" '
    function plain(text) {
      if (text ~ /^".*"$/) {
        text = substr(text, 2, length(text) - 2)
        gsub(/\\"/, "\"", text); gsub(/\\\\/, "\\", text)
      }
      gsub(/%%/, "%", text); gsub(/\$\$/, "$", text)
      return text
    }
    { line = $0; more = sub(/ *\\$/, "", line); sub(/^ +/, "", line) }
    found { print plain(line); if (!more) exit; next }
    line == executable || line == "ExecStart=" executable { if (!more) exit; found = 1 }' "$file"
  if [ $# -gt 0 ]; then
    printf '%s\n' "$@"
  fi
}

# has_memory MIB: whether the host has that much to spare. Sets REASON and UNJUDGED when not.
has_memory() {
  local key value
  if [ ! -e "$ROOT/proc/meminfo" ]; then
    return 0
  fi
  while read -r key value _; do
    if [ "$key" = MemAvailable: ] && [ $((value / 1024)) -lt "$1" ]; then
      REASON="$((value / 1024)) MiB of memory are free, it takes $1" UNJUDGED=yes
      return 1
    fi
  done <"$ROOT/proc/meminfo"
}

# run_apart SECONDS SETTLE ACCEPTED USER COMMAND…: sets REASON and UNJUDGED as `judge` says. Nothing of it runs on when this returns.
run_apart() {
  local seconds settle accepted user begin begun limit seen reader runner ended pid
  seconds=$1 settle=$2 accepted=$3 user=$4
  shift 4
  rm -f "$STAGE/judge.pipe" "$STAGE/judge.code" "$STAGE/judge.pid"
  if ! { : >"$STAGE/judge.out" && mkfifo "$STAGE/judge.pipe"; }; then
    REASON="cannot write under $RUN" UNJUDGED=yes
    return 0
  fi
  # It ends when the last of them has.
  cat <"$STAGE/judge.pipe" >"$STAGE/judge.out" 8>&- 9>&- &
  reader=$!
  (
    # shellcheck disable=SC2016 # another shell's text
    nice -n 19 sh -c 'echo $$ >"$0"; exec "$@"' "$STAGE/judge.pid" \
      unshare --mount --net --pid --ipc --uts --fork --kill-child --mount-proc \
      env -i LC_ALL=C PATH="$OPT/bin:$PATH" HOME="$ROOT$JUDGED_PATH" ${ROOT:+"PLINTH_ROOT=$ROOT"} \
      sh -c "$JUDGE_INSIDE" sh "$ROOT" "$STAGE/view" "$OPT/bin" "$((seconds + 30))" "$user" "$@"
    printf '%s\n' "$?" >"$STAGE/judge.code"
  ) >"$STAGE/judge.pipe" 2>&1 </dev/null 8>&- 9>&- &
  runner=$!
  trap 'kill -KILL "$(cat "$STAGE/judge.pid")" 2>/dev/null; exit 143' TERM INT
  uptime_seconds
  begin=$UPTIME begun='' seen='' ended='' limit=60
  while [ ! -s "$STAGE/judge.code" ]; do
    uptime_seconds
    # Its time counts from its own start.
    if [ -z "$begun" ] && grep -qxF -e "$JUDGE_BEGINS" "$STAGE/judge.out"; then
      begun=yes begin=$UPTIME limit=$seconds
    fi
    if [ -z "$seen" ] && [ -n "$accepted" ] && grep -qE -e "$accepted" "$STAGE/judge.out"; then
      seen=$UPTIME
    fi
    if [ -n "$seen" ] && [ $((UPTIME - seen)) -ge "$settle" ]; then
      ended=accepted
      break
    fi
    if [ $((UPTIME - begin)) -ge "$limit" ]; then
      ended=late
      break
    fi
    sleep 0.2
  done
  if [ -n "$ended" ] && [ -s "$STAGE/judge.pid" ]; then
    read -r pid <"$STAGE/judge.pid"
    kill -KILL "$pid" 2>/dev/null || :
  fi
  wait "$runner" 2>/dev/null
  wait "$reader"
  trap 'exit 130' INT
  trap 'exit 143' TERM
  verdict_read "$ended" "$seconds" "$accepted"
  rm -f "$STAGE/judge.pipe" "$STAGE/judge.out" "$STAGE/judge.code" "$STAGE/judge.pid" "$STAGE/judge.arguments"
}

# verdict_read accepted|late|'' SECONDS ACCEPTED: sets REASON and UNJUDGED from what the program has said, and ended with.
verdict_read() {
  local code line
  REASON='' UNJUDGED=
  code=0
  if [ -z "$1" ]; then
    read -r code <"$STAGE/judge.code"
  fi
  # What was said before is ours.
  awk -v begins="$JUDGE_BEGINS" 'found { print } $0 == begins { found = 1 }' "$STAGE/judge.out" >"$STAGE/journal"
  if ! grep -qxF -e "$JUDGE_BEGINS" "$STAGE/judge.out"; then
    UNJUDGED=yes
    REASON="it cannot be started apart from what runs"
    if [ "$1" = late ]; then
      REASON="$REASON within 60 s"
    fi
    if read -r line <"$STAGE/judge.out"; then
      REASON="$REASON: $line"
    fi
    return 0
  fi
  if [ "$1" = accepted ] || [ "$code-$1" = 0- ]; then
    return 0
  fi
  if [ -n "$3" ] && grep -qE -e "$3" "$STAGE/journal"; then
    return 0
  fi
  journal_reason
  if [ -z "$REASON" ]; then
    REASON=$(journal_mask | awk 'NF { last = $0 } END { print substr(last, 1, 600) }')
  fi
  if [ "$1" = late ]; then
    UNJUDGED=yes
    REASON="it has said neither yes nor no within $2 s${REASON:+, and last: $REASON}"
    return 0
  fi
  if printf '%s\n' "$REASON" | grep -qiE -e "$JUDGE_ABSENT"; then
    UNJUDGED=yes
    REASON="it misses what only the host has: $REASON"
  fi
  REASON=${REASON:-it ended with $code and said nothing}
}
