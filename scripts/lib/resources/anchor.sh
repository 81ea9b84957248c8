# Resource: an authority whose certificates the host's programs trust. `before` tells nothing: the file is ours alone.

# resource_anchor VERB NAME PEM
resource_anchor() {
  local directory command path error fresh
  family
  case $FAMILY in
    rhel) directory=/etc/pki/ca-trust/source/anchors command=update-ca-trust ;;
    suse) directory=/etc/pki/trust/anchors command=update-ca-certificates ;;
    *) directory=/usr/local/share/ca-certificates command=update-ca-certificates ;;
  esac
  path=$ROOT$directory/plinth-$2.crt
  case $1 in
    differs)
      if [ ! -e "$path" ]; then
        REASON="is not trusted"
      elif printf '%s\n' "$3" | cmp -s - "$path"; then
        return 1
      else
        REASON="is another"
      fi
      ;;
    make) mkdir -p "${path%/*}" && printf '%s\n' "$3" | write_atomic "$path" 0644 ;;
    drop) if [ -e "$path" ]; then rm -f "$path"; else return 0; fi ;;
    *) return 0 ;;
  esac
  if [ "$1" = differs ]; then
    return 0
  fi
  # Debian's tool leaves links to what is gone, unless it makes all of them anew.
  fresh=
  if [ "$1-$command" = drop-update-ca-certificates ]; then
    fresh=-f
  fi
  # shellcheck disable=SC2086 # an option or nothing
  if ! command -v "$command" >/dev/null; then
    FAILURE="there is no $command on this host, which makes programs trust $2; install the package ca-certificates"
  elif error=$(timeout 120 "$command" $fresh 2>&1 </dev/null); then
    return 0
  else
    FAILURE="$command does not take the authority $2: ${error##*"$NEWLINE"}"
  fi
  # So that the next run tries again.
  rm -f "$path"
  return 1
}
