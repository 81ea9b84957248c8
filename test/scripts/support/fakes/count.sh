# Sourced by every fake: counts the calls of a run and, at the call that the test names, ends the whole run by SIGKILL
# before the command does anything, as a power cut would.
if [ -e "$PLINTH_FAKES/die-at" ]; then
  calls=0
  if [ -e "$PLINTH_FAKES/calls" ]; then
    read -r calls <"$PLINTH_FAKES/calls"
  fi
  calls=$((calls + 1))
  printf '%s\n' "$calls" >"$PLINTH_FAKES/calls"
  read -r die_at <"$PLINTH_FAKES/die-at"
  if [ "$calls" = "$die_at" ]; then
    read -r run <"$PLINTH_FAKES/pid"
    # `timeout` has a process group of its own, hence two groups.
    kill -9 "-$run" 0
  fi
fi
