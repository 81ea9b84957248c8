# What the protections of the API would refuse, from the API server of this host. It is asked only when a protection is about
# to be enforced that was not before. Read-only: what is patched is a dry run.
#
#   namespace NAME POD-SECURITY|- CONTROL-PLANE-HOSTS|- SYSTEM-PRIORITIES|-     values of its labels
#   violation NAMESPACE SENTENCE       what the API server says to pods there, were the namespace to enforce `baseline`
#   workload KIND NAMESPACE NAME NODE|- PRIORITY|- KEY|EFFECT…     what pods are made of, as far as it names a Node, a
#                                      priority of the system, or tolerates every taint or the control plane's; without an owner
#   unread WHAT                        what is too much to look at, or did not answer

CONF=$ROOT/etc/kubernetes/controller-manager.conf
# Kubernetes itself looks at as many pods when the label of a namespace changes.
MOST_OBJECTS=3000
MOST_LINES=2000
MOST_NAMESPACES=200

# api ARGUMENT…: kubectl writes nothing, as it finds no place for its cache.
api() {
  HOME=/nonexistent timeout 20 "$OPT/bin/kubectl" --kubeconfig "$CONF" --cache-dir /dev/null/none --request-timeout 15s "$@" 2>/dev/null
}

# workloads KIND PATH WHERE: WHERE is the pods' spec in an object. Objects with an owner are the owner's, and what has ended
# starts no more. A Node that a bare pod has is what the scheduler chose.
# shellcheck disable=SC2016 # templates of kubectl have variables of their own
workloads() {
  local kind path more template answer
  kind=$1 path=$2
  more=$(api get --raw "$path?limit=1") || {
    printf 'unread %s\n' "$kind"
    return
  }
  more=$(printf '%s\n' "$more" | sed -n 's/.*"remainingItemCount":\([0-9]*\).*/\1/p')
  if [ "${more:-0}" -ge "$MOST_OBJECTS" ]; then
    printf 'unread %s\n' "$kind"
    return
  fi
  template='{{range .items}}{{$ended := false}}{{with .status}}{{if .completionTime}}{{$ended = true}}{{end}}'
  template=$template'{{with .phase}}{{if or (eq . "Succeeded") (eq . "Failed")}}{{$ended = true}}{{end}}{{end}}{{end}}'
  template=$template'{{if not (or .metadata.ownerReferences $ended)}}workload '$kind' {{.metadata.namespace}} {{.metadata.name}}{{with '$3'}} '
  if [ "$kind" = pods ]; then
    template=$template'-'
  else
    template=$template'{{with .nodeName}}{{.}}{{else}}-{{end}}'
  fi
  template=$template' {{with .priorityClassName}}{{.}}{{else}}-{{end}}'
  template=$template'{{range .tolerations}} {{with .key}}{{.}}{{end}}|{{with .effect}}{{.}}{{end}}{{end}}{{end}}{{"\n"}}{{end}}{{end}}'
  answer=$(api get "$kind" -A -o go-template="$template") || {
    printf 'unread %s\n' "$kind"
    return
  }
  printf '%s\n' "$answer" | awk -v kind="$kind" -v taint="$CONTROL_PLANE_TAINT|" -v most="$MOST_LINES" '
    {
      keep = NF >= 6 && ($5 != "-" || $6 ~ /^system-/)
      for (i = 7; i <= NF; i++) if (substr($i, 1, 1) == "|" || index($i, taint) == 1) keep = 1
      if (keep && ++kept <= most) print
    }
    END { if (kept > most) print "unread " kind }'
}

# namespaces: their labels, and what the API server says to their pods.
# shellcheck disable=SC2016 # templates of kubectl have variables of their own
namespaces() {
  local template label answer
  template='{{range .items}}namespace {{.metadata.name}}'
  for label in "$POD_SECURITY_LABEL" "$HOSTS_LABEL" "$PRIORITIES_LABEL"; do
    template=$template' {{$value := ""}}{{with .metadata.labels}}{{with index . "'$label'"}}{{$value = .}}{{end}}{{end}}'
    template=$template'{{with $value}}{{.}}{{else}}-{{end}}'
  done
  answer=$(api get namespaces -o go-template="$template"'{{"\n"}}{{end}}') || {
    printf 'unread namespaces\n'
    return
  }
  printf '%s\n' "$answer"
  printf '%s\n' "$answer" | awk '$3 == "-" { print $2 }' | violations
}

# violations: of the namespaces whose names are read. Root of a control-plane host may say by the front proxy's certificate who asks;
# nobody less may change a namespace, not even for a dry run.
violations() {
  local server name count pki
  pki=$ROOT/etc/kubernetes/pki
  server=$(sed -n 's/^ *server: *//p' "$CONF")
  count=0
  while read -r name; do
    case " $OWN_NAMESPACES " in *" $name "*) continue ;; esac
    count=$((count + 1))
    if [ "$count" -gt "$MOST_NAMESPACES" ]; then
      printf 'unread pods-by-namespace\n'
      return
    fi
    direct_curl --silent --fail --max-time 5 --output /dev/null --dump-header - --request PATCH \
      --cacert "$pki/ca.crt" --cert "$pki/apiserver/front-proxy-client.crt" --key "$pki/apiserver/front-proxy-client.key" \
      --header 'X-Remote-User: plinth:look' --header 'X-Remote-Group: system:masters' \
      --header 'Content-Type: application/merge-patch+json' \
      --data '{"metadata":{"labels":{"'"$POD_SECURITY_LABEL"'":"baseline"}}}' \
      "$server/api/v1/namespaces/$name?dryRun=All&fieldManager=plinth-look" </dev/null 2>/dev/null |
      awk -v namespace="$name" '
        /^HTTP\// { answered = $2 == 200 }
        tolower($0) ~ /^warning: 299 / {
          sub(/^[^"]*"/, ""); sub(/"[[:space:]]*$/, ""); gsub(/\\"/, "\"")
          if (++said <= 50) print "violation " namespace " " $0
        }
        END { if (!answered) print "unread pods-of-" namespace }'
  done
}

everything() {
  workloads deployments /apis/apps/v1/deployments .spec.template.spec
  workloads daemonsets /apis/apps/v1/daemonsets .spec.template.spec
  workloads statefulsets /apis/apps/v1/statefulsets .spec.template.spec
  workloads replicasets /apis/apps/v1/replicasets .spec.template.spec
  workloads replicationcontrollers /api/v1/replicationcontrollers .spec.template.spec
  workloads jobs /apis/batch/v1/jobs .spec.template.spec
  workloads cronjobs /apis/batch/v1/cronjobs .spec.jobTemplate.spec.template.spec
  workloads pods /api/v1/pods .spec
}

printf 'plinth-facts 1\n'
if [ -r "$STATE/bundles/controlplane/manifest" ]; then
  side_by_side namespaces everything
else
  printf 'unread everything\n'
fi
printf 'end\n'
