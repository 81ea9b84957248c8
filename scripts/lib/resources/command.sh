# Resource: a command of the role, where nothing else fits. It is run where what it makes is not there, or where its question says no.

# resource_command VERB NAME CREATES UNLESS RUN UNDO USER SECONDS: commands are a shell's; nothing for what is not said.
resource_command() {
  case $1 in
    differs)
      if [ -n "$3" ] && [ ! -e "$ROOT$3" ]; then
        REASON="$3 is not there"
      elif [ -n "$4" ] && ! command_run "$4" "$7" "$8"; then
        REASON="its question says no"
      else
        return 1
      fi
      ;;
    make)
      if ! command_run "$5" "$7" "$8"; then
        command_failed "$2" "$8"
        return 1
      fi
      if resource_command differs "$2" "$3" "$4" "$5" "$6" "$7" "$8"; then
        FAILURE="the command $2 was run, and still $REASON"
        return 1
      fi
      ;;
    drop)
      if [ -n "$6" ] && ! command_run "$6" "$7" "$8"; then
        command_failed "$2" "$8"
        return 1
      fi
      ;;
  esac
}

# command_run TEXT USER SECONDS: sets CODE; what it says is in STAGE/command.
command_run() {
  if [ "$2" = root ] || [ "$(id -un)" = "$2" ]; then
    timeout -k 5 "$3" sh -c "$1" >"$STAGE/command" 2>&1 </dev/null
  else
    timeout -k 5 "$3" runuser -u "$2" -- sh -c "$1" >"$STAGE/command" 2>&1 </dev/null
  fi
  CODE=$?
  return "$CODE"
}

# command_failed NAME SECONDS: sets FAILURE.
command_failed() {
  if [ "$CODE" = 124 ] || [ "$CODE" = 137 ]; then
    FAILURE="the command $1 has not ended within $2 s"
  else
    FAILURE="the command $1 ended with $CODE: $(grep . "$STAGE/command" | tail -n 3 | tr '\n' ' ' | cut -c 1-600)"
  fi
}
