# common.sh: what the roster's scripts share. They run on a control-plane host, as root, with the roster's own credentials,
# which lie there and can do nothing but what these scripts do.
#
# Given by the command that runs them, as environment: NODE, the name of the Node, or what is spoken of; DEADLINE in
# seconds. By standard input: what each script says.

set -u
# Of what is applied: fields of other managers are theirs.
MANAGER=plinth
LC_ALL=C
export LC_ALL
PATH=$BIN_PATH:$PATH
umask 077

# fail SENTENCE: ends the script.
fail() {
  printf '%s: %s\n' "$NODE" "$1" >&2
  exit 1
}

now() {
  read -r NOW _ </proc/uptime
  NOW=${NOW%.*}
}

# Memory, not a disk: nothing is left when power is lost.
WORK=$(mktemp -d /dev/shm/plinth-roster.XXXXXXXX) || exit 1
trap 'rm -rf "$WORK"' EXIT
trap 'exit 129' HUP INT TERM
# kubectl caches what the API offers in the home directory otherwise.
HOME=$WORK
CREDENTIALS=${PLINTH_ROOT:-}$CREDENTIALS_PATH
KUBECONFIG=$CREDENTIALS/host.conf
export KUBECONFIG HOME
[ -r "$KUBECONFIG" ] || fail "the roster's credentials are not on this host ($KUBECONFIG): run \`up\` in the cluster's stack first"
# The API server of this host, so that what is done to load balancers does not matter; another one where it does not serve.
if ! kubectl --request-timeout=5s get --raw /readyz >/dev/null 2>&1; then
  KUBECONFIG=$CREDENTIALS/cluster.conf
fi
now
END=$((NOW + DEADLINE))

# kube ARGUMENT…: kubectl, its complaint in WORK/error.
kube() {
  kubectl --request-timeout=10s "$@" 2>"$WORK/error"
}

# node_drain TIMEOUT: takes the pods off the Node, as far as disruption budgets let it; its report in WORK/drain.
node_drain() {
  kubectl drain --ignore-daemonsets --delete-emptydir-data --force ${GRACE:+--grace-period="$GRACE"} --timeout="$1" -- "$NODE" \
    >"$WORK/drain" 2>"$WORK/error" </dev/null
}

# transient: whether kubectl's complaint is about a connection, or about a server that is not itself for a moment.
transient() {
  grep -q -e 'Unable to connect' -e 'connection reset' -e 'connection refused' -e 'was refused' -e 'i/o timeout' -e 'TLS handshake' \
    -e 'unexpected EOF' -e ': EOF' -e 'context deadline' -e 'etcdserver: ' -e 'too many requests' -e 'currently unable' "$WORK/error"
}

# again: whether what has failed may be tried once more: it was transient and there is time. Waits a moment.
again() {
  if ! transient || late; then
    return 1
  fi
  sleep 1
}

# complaint: sets COMPLAINT to the last line of kubectl's complaint.
complaint() {
  local line
  COMPLAINT=
  while read -r line; do
    COMPLAINT=$line
  done <"$WORK/error"
}

# late: true past the deadline.
late() {
  now
  [ "$NOW" -ge "$END" ]
}

# word PATH: a template for a field in one word: encoded as in a URL, or `-` where it is empty or not there. A kubelet writes what it likes
# about its Node, and must not be able to begin another word or line.
word() {
  printf '%s' "{{\$word := \"\"}}$1{{with \$word}}{{urlquery .}}{{else}}-{{end}}"
}

# of_node annotation NAME | label NAME | machine | ready | leaving: a template that sets $word. A Node is leaving while it has our taint,
# which its kubelet cannot set; the annotation says what it was before, and another one that it is drained for a while only.
# shellcheck disable=SC2016 # templates of kubectl have variables of their own
of_node() {
  case $1 in
    label) printf '%s' "{{with .metadata.labels}}{{with index . \"$2\"}}{{\$word = .}}{{end}}{{end}}" ;;
    annotation) printf '%s' "{{with .metadata.annotations}}{{with index . \"$2\"}}{{\$word = .}}{{end}}{{end}}" ;;
    machine) printf '%s' '{{with .status}}{{with .nodeInfo}}{{with .machineID}}{{$word = .}}{{end}}{{end}}{{end}}' ;;
    leaving)
      printf '%s' "{{range .spec.taints}}{{if eq .key \"$LEAVING_TAINT\"}}{{with .value}}{{if eq . \"plinth\"}}{{\$word = \"cordoned\"}}"
      printf '%s' "{{end}}{{end}}{{end}}{{end}}{{if \$word}}{{with .metadata.annotations}}{{with index . \"$DRAINED_ANNOTATION\"}}"
      printf '%s' "{{\$word = \"\"}}{{end}}{{with index . \"$LEAVING_ANNOTATION\"}}{{\$word = .}}{{end}}{{end}}{{end}}"
      ;;
    ready) printf '%s' '{{with .status}}{{range .conditions}}{{if eq .type "Ready"}}{{$word = .status}}{{end}}{{end}}{{end}}' ;;
  esac
}

# node_read: sets FOUND (yes or no), MACHINE, READY (True, False, Unknown or empty) and REVISION. Asks until the API answers.
node_read() {
  local fields
  fields="{{.metadata.resourceVersion}} $(word "$(of_node machine)") $(word "$(of_node ready)"){{\"\n\"}}"
  while :; do
    if kube get node --ignore-not-found -o go-template="$fields" -- "$NODE" >"$WORK/node"; then
      FOUND=no REVISION='' MACHINE='' READY=''
      if [ -s "$WORK/node" ]; then
        FOUND=yes
        read -r REVISION MACHINE READY <"$WORK/node" || :
        if [ "$MACHINE" = - ]; then
          MACHINE=
        fi
        case $READY in
          True | False | Unknown) ;;
          *) READY= ;;
        esac
      fi
      return
    fi
    complaint
    if late; then
      fail "the API server did not tell about the Node within $DEADLINE s: $COMPLAINT"
    fi
    sleep 1
  done
}

# node_field PATH: sets VALUE to a field of the Node, by its path in jsonpath.
node_field() {
  until VALUE=$(kube get node -o jsonpath="{$1}" -- "$NODE"); do
    if ! again; then
      complaint
      fail "it could not be read: $COMPLAINT"
    fi
  done
}

# roster_read: the roster from standard input, lines `member NAME PEER_URL` and `node NAME MACHINE_ID` of what stays, into
# WORK/roster. Its last line is `end`: half a roster would make hosts leave.
roster_read() {
  cat >"$WORK/roster"
  [ "$(tail -n 1 "$WORK/roster")" = end ] || fail "the roster is cut off; nothing was changed"
}

# nodes_leaving: WORK/leaving, lines `NAME leaves|replaced` of the Nodes of OWNER that the roster does not name, or names with
# another machine, and WORK/staying, lines `NAME uncordon|cordoned` of those that were about to leave and stay after all.
# Nodes of others are none of ours.
nodes_leaving() {
  local fields
  fields="{{.metadata.name}} $(word "$(of_node label "$OWNER_LABEL")") $(word "$(of_node machine)")"
  fields="$fields $(word "$(of_node leaving)")"
  while ! kube get nodes -o go-template="{{range .items}}$fields{{\"\n\"}}{{end}}" >"$WORK/nodes"; do
    complaint
    if late; then
      fail "the API server did not tell about Nodes within $DEADLINE s: $COMPLAINT"
    fi
    sleep 1
  done
  : >"$WORK/staying"
  # The owner comes by the environment, where awk takes no backslash for anything else.
  awk -v staying="$WORK/staying" '
    NR == FNR { if ($1 == "node") machine[$2] = $3; next }
    $2 != ENVIRON["OWNER"] { next }
    !($1 in machine) { print $1 " leaves"; next }
    machine[$1] != "-" && $3 != "-" && machine[$1] != $3 { print $1 " replaced"; next }
    $4 != "-" { print $1 " " ($4 == "uncordon" ? "uncordon" : "cordoned") > staying }' "$WORK/roster" "$WORK/nodes" >"$WORK/leaving"
}

# blocking: sets BLOCKING to what a drain that failed was waiting for, pods by name, from WORK/error.
blocking() {
  BLOCKING=$(awk '
    match($0, /error when evicting pods\/"[^"]*" -n "[^"]*"/) {
      text = substr($0, RSTART, RLENGTH); split(text, f, "\""); pod = f[4] "/" f[2]
      why = $0; sub(/.*\): /, "", why)
      if (!(pod in seen)) order[++n] = pod
      seen[pod] = why
    }
    { last = $0 }
    END {
      for (i = 1; i <= n; i++) text2 = text2 (i > 1 ? "; " : "") "pod " order[i] ": " seen[order[i]]
      print substr(n ? text2 : last, 1, 1500)
    }' "$WORK/error")
}

# node_verify: a Node of this name on another machine is refused.
node_verify() {
  if [ "$FOUND" = yes ] && [ -n "$MACHINE" ] && [ "$MACHINE" != "$MACHINE_ID" ]; then
    fail "the Node belongs to another machine (id $MACHINE, expected $MACHINE_ID): drain and delete it (kubectl delete node $NODE)\
 if that machine is gone, or give this host another name"
  fi
}

# token_open SECONDS: the host's bootstrap token TOKEN is valid that long; it can do nothing but ask for a certificate.
# Quoted, because it may look like a number.
token_open() {
  local expiry
  expiry=$(date -u -d "@$(($(date +%s) + $1))" +%Y-%m-%dT%H:%M:%SZ)
  until kube apply --server-side --force-conflicts --field-manager="$MANAGER" -f - >/dev/null <<END_OF_SECRET; do
apiVersion: v1
kind: Secret
metadata: {name: "bootstrap-token-${TOKEN%%.*}", namespace: kube-system}
type: bootstrap.kubernetes.io/token
stringData:
  token-id: "${TOKEN%%.*}"
  token-secret: "${TOKEN#*.}"
  description: "host $NODE joins"
  expiration: "$expiry"
  usage-bootstrap-authentication: "true"
  auth-extra-groups: "$BOOTSTRAPPERS"
END_OF_SECRET
    again || {
      complaint
      fail "its bootstrap token could not be made valid: $COMPLAINT"
    }
  done
}

# taints_read: the Node's taints as lines KEY|VALUE|EFFECT|TIME in WORK/taints.
taints_read() {
  local fields
  fields='{{.key}}|{{with .value}}{{.}}{{end}}|{{.effect}}|{{with .timeAdded}}{{.}}{{end}}'
  kube get node -o go-template="{{range .spec.taints}}$fields{{\"\\n\"}}{{end}}" -- "$NODE" >"$WORK/taints" || {
    complaint
    fail "its taints could not be read: $COMPLAINT"
  }
}

# taints_json FILE: lines KEY|VALUE|EFFECT|TIME as a JSON list.
taints_json() {
  awk -F'|' '
    BEGIN { printf "[" }
    NF >= 3 {
      printf "%s{\"key\":\"%s\"", n++ ? "," : "", $1
      if ($2 != "") printf ",\"value\":\"%s\"", $2
      printf ",\"effect\":\"%s\"", $3
      if ($4 != "") printf ",\"timeAdded\":\"%s\"", $4
      printf "}"
    }
    END { print "]" }' "$1"
}
