# Resource: an authority whose certificates the host's programs trust. `before` tells nothing: the file is ours alone. While a change is
# under way, /var/lib/plinth/anchors is there: a run that was killed in it has left a list that is not that of the files.

# resource_anchor VERB NAME PEM
resource_anchor() {
  local path
  anchor_tool
  path=$ROOT$ANCHOR_DIRECTORY/plinth-$2.crt
  case $1 in
    differs)
      if [ -e "$STATE/anchors" ]; then
        REASON="the list of authorities is half made"
        return 0
      fi
      text_differs "$path" "$3" "is not trusted"
      ;;
    make)
      : >"$STATE/anchors" && sync "$STATE/anchors" && mkdir -p "${path%/*}" && printf '%s\n' "$3" | write_atomic "$path" 0644 || return 1
      if ! anchor_list "$2"; then
        # The next run tries again.
        rm -f "$path"
        return 1
      fi
      ;;
    drop)
      if [ ! -e "$path" ] && [ ! -e "$STATE/anchors" ]; then
        return 0
      fi
      : >"$STATE/anchors" && sync "$STATE/anchors" && rm -f "$path" || return 1
      # Debian's tool leaves links to what is gone, or makes all of them anew, and meanwhile nobody is trusted.
      if [ -d "$ROOT/etc/ssl/certs" ]; then
        find "$ROOT/etc/ssl/certs" -type l \( -lname "plinth-$2.pem" -o -lname "*/plinth-$2.crt" \) -delete
      fi
      anchor_list "$2"
      ;;
  esac
}

# anchor_tool: sets ANCHOR_DIRECTORY and ANCHOR_TOOL to those of the distribution.
anchor_tool() {
  family
  case $FAMILY in
    rhel) ANCHOR_DIRECTORY=/etc/pki/ca-trust/source/anchors ANCHOR_TOOL=update-ca-trust ;;
    suse) ANCHOR_DIRECTORY=/etc/pki/trust/anchors ANCHOR_TOOL=update-ca-certificates ;;
    *) ANCHOR_DIRECTORY=/usr/local/share/ca-certificates ANCHOR_TOOL=update-ca-certificates ;;
  esac
}

# anchor_list NAME: makes the list of the files. Returns 1 with FAILURE set.
anchor_list() {
  local error
  if ! command -v "$ANCHOR_TOOL" >/dev/null; then
    FAILURE="there is no $ANCHOR_TOOL on this host, which makes programs trust $1; install the package ca-certificates"
  elif error=$(timeout 120 "$ANCHOR_TOOL" 2>&1 </dev/null); then
    rm -f "$STATE/anchors"
    return 0
  else
    FAILURE="$ANCHOR_TOOL does not take the authority $1: ${error##*"$NEWLINE"}"
  fi
  return 1
}
