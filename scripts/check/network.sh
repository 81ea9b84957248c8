# The data path as this host sees it: asks questions over HTTP, from the host's own network and from inside of the network of a probe,
# and tells what came of each. It changes nothing on the host. The probes are pods with CoreDNS (plan/networkcheck/probe.ts), which
# answers, and asks the cluster's DNS for whoever is in its own network; so curl and nsenter are all that a host needs.
#
# Framed by `plinth-facts 1` and `end`, in any order:
#   no-pod REASON                            the network of the probe could not be entered: nothing was asked from there
#   answer ID EXIT STATUS TRIES              of each question: what curl ended with, the status of HTTP (0 for none), tries
#   body ID BASE64                           the first 2 KiB of an answer that is read

set -u
LC_ALL=C
export LC_ALL
PATH="${PATH:-/usr/bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
OPT=${PLINTH_ROOT:-}$SOFTWARE_PATH

# A Service that has just been made is not known everywhere at once, and a packet may be lost: so many tries that fail at once, or two
# that nobody answers (28 of curl).
MOST_TRIES=6
# More at once would be slow because of this host, not of the network.
MOST_AT_ONCE=16

# in_pod ARGUMENT…: curl in the network of the process POD.
in_pod() {
  (exec nsenter --net="/proc/$POD/ns/net" curl -q --noproxy '*' "$@")
}

# pod_process UID: the id of a process of a pod.
pod_process() {
  timeout 10 "$OPT/bin/ctr" --namespace k8s.io containers ls --quiet "labels.\"io.kubernetes.pod.uid\"==\"$1\"" \
    >"$FOLDER/containers" 2>/dev/null </dev/null || return 1
  timeout 10 "$OPT/bin/ctr" --namespace k8s.io tasks ls 2>/dev/null </dev/null |
    awk 'NR == FNR { own[$1]; next } $1 in own && $3 == "RUNNING" { print $2; exit }' "$FOLDER/containers" -
}

# held ID SECONDS URL: whether a connection to telnet://ADDRESS:PORT is taken and stays for as long, or says something, without a word of
# ours: who listens there may want any. Ends as curl does, with 52 where it is closed at once.
held() {
  local code connected
  code=0
  # Open both ways, so that curl waits for what never comes.
  connected=$(direct_curl --silent --output "$FOLDER/$1" --write-out '%{time_connect}' --max-time "$2" "$3" <>"$FOLDER/quiet") || code=$?
  case $code:$connected in
    28:0.000000 | 28:0,000000) return 28 ;;
    28:*) ;;
    0:*) [ -s "$FOLDER/$1" ] || return 52 ;;
    *) return "$code" ;;
  esac
}

# get ID WHERE SECONDS FILL URL: prints the status of HTTP.
get() {
  local by file seconds url
  case $5 in
    telnet:*)
      held "$1" "$3" "$5"
      return
      ;;
  esac
  by=direct_curl
  if [ "$2" = pod ]; then
    by=in_pod
  fi
  file=$FOLDER/$1 seconds=$3 url=$5
  set -- --silent --output "$file" --write-out '%{http_code}' --max-time "$seconds" --cacert "$FOLDER/authority" --header "X-Fill: $(printf "%0$4d" 0)"
  "$by" "$@" "$url" </dev/null
}

# question ID WHERE SECONDS FILL READS URL: asks until there is an answer, whatever it says.
question() {
  local tries spent status code
  tries=0 spent=0
  while :; do
    tries=$((tries + 1))
    code=0
    status=$(get "$1" "$2" "$3" "$4" "$6" 2>/dev/null) || code=$?
    spent=$((spent + (code == 28 ? MOST_TRIES / 2 : 1)))
    if [ "$code" = 0 ] || [ "$spent" -ge "$MOST_TRIES" ]; then
      break
    fi
    sleep 1
  done
  # curl says 000 for none.
  status=${status#00}
  printf 'answer %s %s %s %s\n' "$1" "$code" "${status:-0}" "$tries"
  if [ "$5" = reads ] && [ "$code" = 0 ]; then
    printf 'body %s %s\n' "$1" "$(head -c 2048 "$FOLDER/$1" | base64 | tr -d '\n')"
  fi
}

# check_network UID|-: asks what `questions` prints, for the probe with this uid; `authority` prints the certificate of the API's.
check_network() {
  local count id where rest
  FOLDER=$(mktemp -d) || exit 1
  trap 'rm -rf "$FOLDER"' EXIT
  trap 'exit 1' HUP INT TERM
  authority >"$FOLDER/authority" || exit 1
  POD=
  if [ "$1" != - ]; then
    POD=$(pod_process "$1")
    if [ -z "$POD" ]; then
      echo "no-pod containerd knows no running container of the probe"
    elif ! nsenter --net="/proc/$POD/ns/net" true </dev/null 2>/dev/null; then
      echo "no-pod the network of the probe cannot be entered: nsenter fails"
      POD=
    fi
  fi
  count=0
  mkfifo "$FOLDER/quiet" || exit 1
  questions >"$FOLDER/questions" || exit 1
  while read -r id where rest; do
    if [ "$where" = pod ] && [ -z "$POD" ]; then
      continue
    fi
    # shellcheck disable=SC2086 # words
    question "$id" "$where" $rest &
    count=$((count + 1))
    if [ "$((count % MOST_AT_ONCE))" = 0 ]; then
      wait
    fi
  done <"$FOLDER/questions"
  wait
}
