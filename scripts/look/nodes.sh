# The Nodes, from the API server of this host.

# nodes: kubectl writes nothing, as it finds no place for its cache.
nodes() {
  local template name answer
  if [ ! -r "$STATE/bundles/controlplane/manifest" ] || [ ! -x "$OPT/bin/kubectl" ]; then
    return
  fi
  # Between bars: name, machine id, state of the condition Ready, internal addresses, and the annotations.
  template='{{range .items}}{{.metadata.name}}|{{with .status}}{{with .nodeInfo}}{{.machineID}}{{end}}|'
  template=$template'{{range .conditions}}{{if eq .type "Ready"}}{{.status}}{{end}}{{end}}|'
  template=$template'{{range .addresses}}{{if eq .type "InternalIP"}}{{.address}} {{end}}{{end}}{{else}}||{{end}}'
  for name in owner leaving drained; do
    template="$template|{{with .metadata.annotations}}{{with index . \"plinth/$name\"}}{{.}}{{end}}{{end}}"
  done
  answer=$(HOME=/nonexistent timeout 4 "$OPT/bin/kubectl" --kubeconfig "$ROOT/etc/kubernetes/controller-manager.conf" \
    --cache-dir /dev/null/none --request-timeout 4s get nodes -o go-template="$template"'{{"\n"}}{{end}}' 2>/dev/null) || return 0
  printf '%s\n' "$answer" | awk -F'|' '
    function known(text) { sub(/ .*/, "", text); return text == "" ? "-" : text }
    NF >= 7 {
      lines = lines "node " $1
      for (i = 2; i <= 7; i++) lines = lines " " known($i)
      lines = lines "\n"; count++
    }
    END { printf "nodes %d\n%s", count, lines }'
}
