#!/bin/sh
# Runs a command with an SSH agent that holds one key: no file has it, and the agent ends soon after the command, however that ends.
#
# Usage: PLINTH_SSH_KEY=… with-key.sh COMMAND…    PLINTH_SSH_KEY: the private key, which the command does not get to see
set -eu
: "${PLINTH_SSH_KEY:?must be the private key}"
# shellcheck disable=SC2016 # the agent's own shell expands it
exec ssh-agent /bin/sh -c '
  printf "%s\n" "$PLINTH_SSH_KEY" | ssh-add -q - || exit 1
  unset PLINTH_SSH_KEY
  exec "$@"' with-key "$@"
