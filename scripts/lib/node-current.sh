# Node, before a kubelet starts: whether the cluster still has the Node that this host has registered. A kubelet registers when it
# starts and never again, and a Node that was made anew has another pod network and nothing of what flannel has written there.

# prepare_node_current UNIT NAME SERVER CA CREDENTIALS CNI AGENTS RUNTIME: where the Node NAME is gone, the kubelet UNIT is stopped, so that its
# start registers the host. What pods have is ended then: they were deleted with the Node, and addresses of its old pod network lead
# nowhere; so it is where the CNI configuration at the path CNI, `-` for none of ours, has another network than the Node. AGENTS and RUNTIME are
# units with commas between them: those that follow the Node, and those under the pods, the first started last. Stopped units of this bundle
# are started afterwards. Does nothing where the host has no certificate yet, or the API does not answer.
prepare_node_current() {
  local unit code cidr agents runtime
  unit=$1
  if [ ! -s "$ROOT$5" ]; then
    return 0
  fi
  agents=$(printf '%s' "$7" | tr , ' ') runtime=$(printf '%s' "$8" | tr , ' ')
  : >"$STAGE/node"
  code=$(direct_curl --silent --connect-timeout 3 --max-time 8 --cacert "$ROOT$4" --cert "$ROOT$5" --key "$ROOT$5" \
    --output "$STAGE/node" --write-out '%{http_code}' "$3/api/v1/nodes/$2?pretty=false" </dev/null 2>/dev/null) || return 0
  case $code in
    404)
      # Anybody can say 404.
      grep -q '"reason":"NotFound"' "$STAGE/node" || return 0
      say "the cluster has no Node $2 any more: its kubelet registers it anew"
      ;;
    200)
      if [ "$6" = - ]; then
        return 0
      fi
      cidr=$(grep -o '"podCIDR":"[0-9./]*"' "$STAGE/node" | head -n 1 | cut -d '"' -f 4)
      if [ -z "$cidr" ] || [ ! -e "$ROOT$6" ] || grep -qF "\"subnet\": \"$cidr\"" "$ROOT$6"; then
        if [ -n "$cidr" ] && ! grep -q '"flannel.alpha.coreos.com/public-ip"' "$STAGE/node"; then
          # shellcheck disable=SC2086 # a list of words
          node_stop $agents
          return
        fi
        return 0
      fi
      say "the Node $2 was made anew and has the pod network $cidr: pods of the one before are ended"
      ;;
    *) return 0 ;;
  esac
  if [ "$6" = - ]; then
    node_stop "$unit"
    return
  fi
  # shellcheck disable=SC2086 # lists of words
  node_stop "$unit" $agents && node_clear $runtime
}

# node_stop UNIT…
node_stop() {
  local error unit
  for unit in "$@"; do
    if ! error=$(control 200 stop "$unit" 2>&1); then
      REASON="$unit cannot be stopped: ${error##*"$NEWLINE"}"
      return 1
    fi
  done
}

# node_clear UNIT…: ends the pods, by a stop of the units under them, and starts those again, the last first. Without the note of its
# subnet flannel counts as one that has none yet.
node_clear() {
  local error unit first
  first=
  for unit in "$@"; do
    node_stop "$unit" || return 1
    first="$unit${first:+ $first}"
  done
  rm -f "$ROOT/run/flannel/subnet.env"
  for unit in $first; do
    if ! error=$(control 120 start "$unit" 2>&1); then
      REASON="$unit cannot be started: ${error##*"$NEWLINE"}"
      return 1
    fi
  done
}
