# Facts of the cluster, from the etcd member and the API server of this host.

etcd_data() {
  if [ -d "$ROOT/var/lib/etcd/member" ]; then
    printf 'etcd-data\n'
  fi
}

# etcd_ask ARGUMENT…: of the member of this host, by the address and with the credentials of the bundle's own check. It has 4 s.
etcd_ask() {
  if [ "$ETCD_CA" != - ]; then
    set -- --cacert "$ROOT$ETCD_CA" --cert "$ROOT$ETCD_CERT" --key "$ROOT$ETCD_KEY" "$@"
  fi
  timeout 4 "$ROOT/opt/plinth/bin/etcdctl" --endpoints "$ETCD_URL" --dial-timeout 2s --command-timeout 3s "$@" </dev/null 2>/dev/null
}

# etcd_self: the state of the member, which it tells without a quorum, too.
etcd_self() {
  es_answer=$(etcd_ask endpoint status -w fields) || return 0
  printf '%s\n' "$es_answer" | {
    es_id='' es_leader=0 es_kind=voter
    while read -r es_key _ es_value; do
      case $es_key in
        '"MemberID"') es_id=$es_value ;;
        '"Leader"') es_leader=$es_value ;;
        '"IsLearner"')
          if [ "$es_value" = true ]; then
            es_kind=learner
          fi
          ;;
      esac
    done
    # The list has them in hex.
    if [ -n "$es_id" ]; then
      printf 'etcd-self %x %s\n' "$es_id" "$es_kind"
    fi
    if [ "$es_leader" != 0 ]; then
      printf 'etcd-leader %x\n' "$es_leader"
    fi
  }
}

etcd_list() {
  ei_answer=$(etcd_ask member list) || return 0
  # Members of a first bring-up have names before they have ever run; client URLs come with the first start.
  printf '%s\n' "$ei_answer" | awk -F', ' 'NF >= 6 {
    sub(/,.*/, "", $4)
    print "etcd-member " $1 " " ($3 == "" ? "-" : $3) " " $4 " " ($5 == "" ? "unstarted" : "started") " " ($6 == "true" ? "learner" : "voter") }'
}

etcd() {
  if [ ! -r "$STATE/bundles/etcd/manifest" ] || [ ! -x "$ROOT/opt/plinth/bin/etcdctl" ]; then
    return
  fi
  ETCD_URL=
  while read -r e_kind e_name _ _ e_url e_ca e_cert e_key _; do
    case $e_kind-$e_name in
      check-etcd-*) ETCD_URL=$e_url ETCD_CA=$e_ca ETCD_CERT=$e_cert ETCD_KEY=$e_key ;;
    esac
  done <"$STATE/bundles/etcd/manifest"
  if [ -n "$ETCD_URL" ]; then
    etcd_self | {
      etcd_list
      cat
    }
  fi
}

# nodes: kubectl writes nothing, as it finds no place for its cache.
nodes() {
  if [ ! -r "$STATE/bundles/controlplane/manifest" ] || [ ! -x "$ROOT/opt/plinth/bin/kubectl" ]; then
    return
  fi
  n_answer=$(HOME=/nonexistent timeout 4 "$ROOT/opt/plinth/bin/kubectl" --kubeconfig "$ROOT/etc/kubernetes/controller-manager.conf" \
    --cache-dir /dev/null/none --request-timeout 4s get nodes \
    -o go-template='{{range .items}}{{.metadata.name}}|{{with .status}}{{with .nodeInfo}}{{.machineID}}{{end}}|{{range .conditions}}{{if eq .type "Ready"}}{{.status}}{{end}}{{end}}|{{range .addresses}}{{if eq .type "InternalIP"}}{{.address}} {{end}}{{end}}{{else}}||{{end}}|{{with .metadata.annotations}}{{with index . "plinth/owner"}}{{.}}{{end}}{{end}}|{{with .metadata.annotations}}{{with index . "plinth/leaving"}}{{.}}{{end}}{{end}}|{{with .metadata.annotations}}{{with index . "plinth/drained"}}{{.}}{{end}}{{end}}{{"\n"}}{{end}}' \
    </dev/null 2>/dev/null) || return 0
  printf '%s\n' "$n_answer" | awk -F'|' '
    function known(text) { sub(/ .*/, "", text); return text == "" ? "-" : text }
    NF >= 5 { lines = lines "node " $1 " " known($2) " " known($3) " " known($4) " " known($5) " " known($6) " " known($7) "\n"; count++ }
    END { printf "nodes %d\n%s", count, lines }'
}
