# Certificates on a host, until when they are good. Nothing secret is read out: of a file that holds a key, too, only the certificate.

# certificates: the first certificate of each file, of the kubelet those that it has now.
certificates() {
  local file
  set --
  for file in "$ROOT$KUBELET_CLIENT_PATH" "$ROOT$KUBELET_SERVING_PATH"; do
    if [ -s "$file" ]; then
      set -- "$@" "$file"
    fi
  done
  {
    for file in "$ROOT/etc/kubernetes/pki" "$ROOT$ROSTER_PATH"; do
      if [ -d "$file" ]; then
        find "$file" -name '*.crt' -type f -exec awk -v root="$ROOT" "$CERTIFICATE_LINES" {} +
      fi
    done
    if [ $# -gt 0 ]; then
      awk -v root="$ROOT" "$CERTIFICATE_LINES" "$@"
    fi
  } | sort
}

# shellcheck disable=SC2016 # a program of awk
CERTIFICATE_LINES='
  FNR == 1 { state = "before" }
  /-----BEGIN CERTIFICATE-----/ && state == "before" { state = "in"; text = ""; next }
  /-----END CERTIFICATE-----/ && state == "in" { state = "after"; print "certificate " substr(FILENAME, length(root) + 1) " " text }
  state == "in" { text = text $1 }'

# joined_anew: the generation of the Node's bundle at which its kubelet was last let in again because its certificate had ended.
joined_anew() {
  local manifest
  manifest=$STATE/bundles/$NODE_BUNDLE/manifest
  if [ -r "$manifest" ]; then
    awk '$1 == "prepare" && $2 == "join-anew" { print "joined-anew " $5 }' "$manifest"
  fi
}
