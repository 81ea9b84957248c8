# The Nodes, from the API server of this host.

# nodes: kubectl writes nothing, as it finds no place for its cache.
nodes() {
  local answer
  if [ ! -r "$STATE/bundles/controlplane/manifest" ] || [ ! -x "$OPT/bin/kubectl" ]; then
    return
  fi
  answer=$(HOME=/nonexistent timeout 4 "$OPT/bin/kubectl" --kubeconfig "$ROOT/etc/kubernetes/controller-manager.conf" \
    --cache-dir /dev/null/none --request-timeout 4s get nodes \
    -o go-template='{{range .items}}{{.metadata.name}}|{{with .status}}{{with .nodeInfo}}{{.machineID}}{{end}}|{{range .conditions}}{{if eq .type "Ready"}}{{.status}}{{end}}{{end}}|{{range .addresses}}{{if eq .type "InternalIP"}}{{.address}} {{end}}{{end}}{{else}}||{{end}}|{{with .metadata.annotations}}{{with index . "plinth/owner"}}{{.}}{{end}}{{end}}|{{with .metadata.annotations}}{{with index . "plinth/leaving"}}{{.}}{{end}}{{end}}|{{with .metadata.annotations}}{{with index . "plinth/drained"}}{{.}}{{end}}{{end}}{{"\n"}}{{end}}' \
    </dev/null 2>/dev/null) || return 0
  printf '%s\n' "$answer" | awk -F'|' '
    function known(text) { sub(/ .*/, "", text); return text == "" ? "-" : text }
    NF >= 5 { lines = lines "node " $1 " " known($2) " " known($3) " " known($4) " " known($5) " " known($6) " " known($7) "\n"; count++ }
    END { printf "nodes %d\n%s", count, lines }'
}
