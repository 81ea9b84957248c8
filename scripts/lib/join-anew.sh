# Joining anew: a kubelet whose certificate has ended can show nobody who it is, so it gets another one as a new host does. Its Node stays
# the same one, and what runs there runs on.

# prepare_join_anew UNIT GENERATION CREDENTIALS KUBECONFIG AGENTS: the kubelet UNIT and AGENTS, units with commas between them, are stopped,
# and CREDENTIALS and KUBECONFIG go, so that all of them start as those of a host that has never joined. The roster lets it in. Does nothing
# where the bundle was brought to its end with this very GENERATION before.
prepare_join_anew() {
  local newest agents
  if [ -e "$HOME_DIR/manifest" ] && awk -v generation="$2" '
    $1 == "prepare" && $2 == "join-anew" && $5 == generation { found = 1 }
    END { exit !found }' "$HOME_DIR/manifest"; then
    return 0
  fi
  agents=$(printf '%s' "$5" | tr , ' ')
  # shellcheck disable=SC2086 # a list of words
  node_stop "$1" $agents || return 1
  # The file is a link to the newest of them. The key has served its time, too.
  newest=$(readlink -f "$ROOT$3") || newest=$ROOT$3
  if ! rm -f "$ROOT$4" "$ROOT$3" "$newest"; then
    REASON="cannot remove $3 and $4 (is the disk read-only?)"
    return 1
  fi
  say "the certificate of the kubelet had ended: it asks for another one, with a new key"
}
