# The Nodes, from the API server of this host.

# nodes: kubectl writes nothing, as it finds no place for its cache. What a kubelet may have written about its Node is encoded as
# in a URL: it cannot hold a space or the end of a line.
# shellcheck disable=SC2016 # templates of kubectl have variables of their own
nodes() {
  local template name answer
  if [ ! -r "$STATE/bundles/controlplane/manifest" ] || [ ! -x "$OPT/bin/kubectl" ]; then
    return
  fi
  template='nodes {{len .items}}{{"\n"}}{{range .items}}node {{.metadata.name}}'
  template=$template'{{$ready := "-"}}{{$machine := ""}}{{$addresses := ""}}{{with .status}}'
  template=$template'{{range .conditions}}{{if eq .type "Ready"}}{{$ready = .status}}{{end}}{{end}}'
  template=$template'{{with .nodeInfo}}{{with .machineID}}{{$machine = .}}{{end}}{{end}}'
  template=$template'{{range .addresses}}{{if eq .type "InternalIP"}}{{$addresses = printf "%s%s " $addresses .address}}{{end}}{{end}}{{end}}'
  template=$template' {{urlquery $ready}} {{with $machine}}{{urlquery .}}{{else}}-{{end}} {{with $addresses}}{{urlquery .}}{{else}}-{{end}}'
  # Our taint is taken off last: a Node that has it alone is still to be put back into service. One that is drained for a while is not.
  template=$template'{{$leaving := ""}}{{range .spec.taints}}{{if eq .key "'$LEAVING_TAINT'"}}{{with .value}}{{if eq . "plinth"}}'
  template=$template'{{$leaving = "cordoned"}}{{end}}{{end}}{{end}}{{end}}{{with .metadata.annotations}}'
  template=$template'{{if and (index . "'$DRAINED_ANNOTATION'") (not (index . "'$LEAVING_ANNOTATION'"))}}{{$leaving = ""}}{{end}}{{end}}'
  for name in "$OWNER_ANNOTATION" "$LEAVING_ANNOTATION" "$DRAINED_ANNOTATION"; do
    template=$template' {{$value := ""}}{{with .metadata.annotations}}{{with index . "'$name'"}}{{$value = .}}{{end}}{{end}}'
    case $name in
      "$OWNER_ANNOTATION") template=$template'{{with .metadata.labels}}{{with index . "'$OWNER_LABEL'"}}{{$value = .}}{{end}}{{end}}' ;;
      # Without our taint, which its kubelet cannot set, it is not leaving.
      "$LEAVING_ANNOTATION") template=$template'{{if not $leaving}}{{$value = ""}}{{else if not $value}}{{$value = $leaving}}{{end}}' ;;
    esac
    template=$template'{{with $value}}{{urlquery .}}{{else}}-{{end}}'
  done
  answer=$(HOME=/nonexistent timeout 4 "$OPT/bin/kubectl" --kubeconfig "$ROOT/etc/kubernetes/controller-manager.conf" \
    --cache-dir /dev/null/none --request-timeout 4s get nodes -o go-template="$template"'{{"\n"}}{{end}}' 2>/dev/null) || return 0
  printf '%s\n' "$answer"
}
