# serving.sh: approves the certificates with which kubelets serve, as they ask for them: when they join, and each time that one is about
# to end. A unit of the control-plane hosts runs this, and starts it again when it ends.
#
# A request is approved when a kubelet of the Node itself asks, and for nothing but the Node's name and the address that the
# inventory has given it: the roster has written it into a label that no kubelet can write. All others are left alone and named.

# Seconds after which everything is looked at anew, whatever was missed meanwhile.
WATCH=600

# node_address: sets ADDRESS to what the inventory has given the Node, encoded as in a URL, or to `-`.
node_address() {
  local fields
  fields=$(word "$(of_node label "$ADDRESS_LABEL")")
  until ADDRESS=$(kube get node --ignore-not-found -o go-template="$fields" -- "$NODE"); do
    again || return 1
  done
}

# approve REQUEST BODY USAGES: one request of the kubelet of NODE.
approve() {
  node_address || {
    complaint
    printf '%s: its address could not be read: %s\n' "$NODE" "$COMPLAINT" >&2
    return
  }
  if ! serving_pattern "$ADDRESS"; then
    # No Node of ours, or none yet: registration judges the request once more when the Node has its label.
    return
  fi
  if ! is_right "$2" "$3" 'digital+signature,server+auth,'; then
    printf '%s: the certificate request %s is not what a kubelet of this Node at %s asks for; it is not approved\n' "$NODE" "$1" "$ADDRESS" >&2
    return
  fi
  until kube certificate approve -- "$1" >/dev/null; do
    again || {
      complaint
      printf '%s: its certificate request %s could not be approved: %s\n' "$NODE" "$1" "$COMPLAINT" >&2
      return
    }
  done
  printf '%s: the certificate request %s is approved\n' "$NODE" "$1"
}

open="{{if eq .spec.signerName \"kubernetes.io/kubelet-serving\"}}{{if not .status.conditions}}"
open="$open{{urlquery .spec.username}} $(request_fields){{\"\n\"}}{{end}}{{end}}"
told=
while :; do
  # Lines USER NAME REQUEST USAGES: what is there, and then what comes.
  # Told to stop, each side waits for its own commands, and this script for both: nothing outlives it.
  {
    trap 'exit 129' TERM
    timeout --foreground "$WATCH" kubectl get csr --watch -o go-template="$open" 2>"$WORK/watch"
    printf '%s' "$?" >"$WORK/ended"
  } | {
    trap 'exit 129' TERM
    while read -r user request body usages; do
      NODE=${user#system%3Anode%3A}
      case $user in
        system%3Anode%3A*[!a-z0-9.-]* | system%3Anode%3A) ;;
        system%3Anode%3A*)
          now
          END=$((NOW + DEADLINE))
          approve "$request" "$body" "$usages"
          ;;
      esac
    done
  }
  case $(cat "$WORK/ended") in
    # It has ended by itself, or by its time.
    0 | 124) told= ;;
    *)
      # The API server is away, or the roster has no rights yet: on a first bring-up they are given after this has started.
      COMPLAINT=$(tail -n 1 "$WORK/watch")
      if [ "$COMPLAINT" != "$told" ]; then
        told=$COMPLAINT
        printf 'the API server does not tell about certificate requests, and is asked again: %s\n' "$COMPLAINT" >&2
      fi
      sleep 1
      ;;
  esac
done
