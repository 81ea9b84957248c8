# requests.sh: which certificate requests of kubelets are right. A request is compared byte by byte in DER with what a kubelet
# asks for, whatever its key is. Nobody's text is read for that, and none can pretend to be another one.

# hex: what comes from stdin, two digits for each byte.
hex() {
  od -An -v -tx1 | tr -d ' \n'
}

# tagged TAG HEX: a value of DER with its length, which is below 128 here.
tagged() {
  printf '%s%02x%s' "$1" $((${#2} / 2)) "$2"
}

# attribute OID TEXT: one attribute of a name, as a pattern: its text is a PrintableString or a UTF8String.
attribute() {
  local text length
  text=$(printf '%s' "$2" | hex)
  length=$((${#text} / 2))
  printf '31%02x30%02x0603%s(13|0c)%02x%s' $((length + 9)) $((length + 7)) "$1" "$length" "$text"
}

# request_pattern ATTRIBUTES: the whole request of a kubelet of the Node NODE, in hex: version 0; the subject O=system:nodes,
# CN=system:node:NODE and nothing else; a key on the curve P-256; these attributes and no others; a signature by ECDSA.
request_pattern() {
  local name key
  name=$(attribute 55040a system:nodes)$(attribute 550403 "system:node:$NODE")
  key="3059301306072a8648ce3d020106082a8648ce3d03010703420004[0-9a-f]{128}"
  printf '%s' "30(81..|82....)30(..|81..|82....)02010030(..|81..)$name$key${1}300a06082a8648ce3d04030[2-4]03[0-9a-f]*"
}

# client_pattern: sets PATTERN to the request for the certificate with which a kubelet shows who it is.
client_pattern() {
  PATTERN=$(request_pattern a000)
}

# serving_pattern ADDRESS: sets PATTERN to the request for the certificate with which a kubelet serves: it is for the name of the
# Node and for this IPv4 address, and for nothing else. Returns 1 where a name is too long, or it is no address.
serving_pattern() {
  local names byte extension
  [ "${#NODE}" -le 63 ] || return 1
  printf '%s' "$1" | grep -Eqx '(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])(\.(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])){3}' || return 1
  names=
  for byte in $(printf '%s' "$1" | tr . ' '); do
    names=$names$(printf '%02x' "$byte")
  done
  names=$(tagged 82 "$(printf '%s' "$NODE" | hex)")$(tagged 87 "$names")
  # subjectAltName, alone in an extensionRequest.
  extension=$(tagged 30 "0603551d11$(tagged 04 "$(tagged 30 "$names")")")
  PATTERN=$(request_pattern "$(tagged a0 "$(tagged 30 "06092a864886f70d01090e$(tagged 31 "$(tagged 30 "$extension")")")")")
}

# request_fields: a template for the fields of a request, each a word for the shell: NAME REQUEST USAGE,USAGE,…
request_fields() {
  printf '%s' '{{.metadata.name}} {{.spec.request}} {{range .spec.usages}}{{urlquery .}},{{end}}'
}

# is_right BODY USAGES EXPECTED: whether a request, as the API has it, is what PATTERN says, for these usages.
is_right() {
  printf '%s' "$1" | base64 -d 2>/dev/null | sed '/^-----/d' | base64 -d 2>/dev/null | hex | grep -Eqx "$PATTERN" && [ "$2" = "$3" ]
}

# judge SIGNER USER USAGES: approves the open requests of a user to a signer of Kubernetes that are what PATTERN says, and counts them in
# APPROVED. What differs is left alone and named. A request that is right and was made with the bootstrap token of an earlier run, which was
# killed, is deleted: a kubelet waits for what it has asked for with its key once, whatever token it has got since.
judge() {
  local request body usages open user
  open="{{if eq .spec.signerName \"kubernetes.io/$1\"}}{{if not .status.conditions}}{{urlquery .spec.username}}"
  kube get csr >"$WORK/requests" -o go-template="{{range .items}}$open $(request_fields){{\"\n\"}}{{end}}{{end}}{{end}}" || return 1
  while read -r user request body usages; do
    case $user in
      "$(printf '%s' "$2" | sed 's/:/%3A/g')")
        if is_right "$body" "$usages" "$3"; then
          kube certificate approve -- "$request" >/dev/null || return 1
          APPROVED=$((APPROVED + 1))
        else
          printf '%s: the certificate request %s is not what a kubelet of this Node asks for; it is not approved\n' "$NODE" "$request" >&2
        fi
        ;;
      system%3Abootstrap%3A*)
        if is_right "$body" "$usages" "$3"; then
          kube delete csr --ignore-not-found -- "$request" >/dev/null || return 1
          printf '%s: the certificate request %s was made with an earlier token; it is deleted, and its kubelet asks again\n' "$NODE" "$request" >&2
        fi
        ;;
    esac
  done <"$WORK/requests"
}
