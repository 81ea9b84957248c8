# Resource: keys by which a user may log in, in ~/.ssh/authorized_keys. Everything there is done as that user, for the folder is the
# user's own, and root would follow where its links lead. `before` prints the file and a dot, or nothing.

# resource_authorized VERB USER only|besides KEYS: `only`: the file has no other lines. Otherwise ours stand between two marks.
resource_authorized() {
  local verb user how keys home file now
  verb=$1 user=$2 how=$3 keys=$4
  home=$(getent passwd "$user" | cut -d : -f 6)
  file=$ROOT$home/.ssh/authorized_keys
  if [ -z "$home" ]; then
    case $verb in
      differs) REASON="there is no such user" ;;
      make)
        FAILURE="there is no user $user, whose keys are wanted"
        return 1
        ;;
    esac
    return 0
  fi
  case $verb in
    differs)
      if ! now=$(authorized_read "$user" "$file"); then
        REASON="$home/.ssh/authorized_keys is missing"
      elif [ "$now" = "$(authorized_text "$how" "$now" "$keys")" ]; then
        return 1
      else
        REASON="$home/.ssh/authorized_keys has others"
      fi
      ;;
    before) if authorized_read "$user" "$file"; then echo .; fi ;;
    make)
      now=$(authorized_read "$user" "$file") || now=
      authorized_text "$how" "$now" "$keys" | authorized_write "$user" "$file"
      ;;
    drop)
      now=$(authorized_read "$user" "$file") || return 0
      if [ "$how" = only ]; then
        printf '%s' "${BEFORE%.}"
      else
        authorized_text besides "$now" ''
      fi | authorized_write "$user" "$file"
      ;;
  esac
}

# authorized_text only|besides NOW KEYS: prints what the file shall be.
authorized_text() {
  if [ "$1" = only ]; then
    printf '%s\n' "$3"
    return 0
  fi
  block_marks keys '#'
  if [ -n "$2" ]; then printf '%s\n' "$2"; fi | block_filter /dev/stdin "$3"
}

# authorized_read USER FILE: returns 1 where there is none.
authorized_read() {
  # shellcheck disable=SC2016 # for the user's shell
  as_user "$1" 'cat "$1" 2>/dev/null' "$2"
}

# authorized_write USER FILE: the text comes from stdin; without one, the file goes. Returns 1 with FAILURE set.
authorized_write() {
  local error
  # shellcheck disable=SC2016 # for the user's shell
  if ! error=$(as_user "$1" 'umask 077 && mkdir -p "${1%/*}" && chmod go-w "${1%/*}" && cat >"$1.plinth" &&
    if [ -s "$1.plinth" ]; then mv -fT "$1.plinth" "$1" && chmod 0600 "$1"; else rm -f "$1.plinth" "$1"; fi' "$2" 2>&1); then
    FAILURE="cannot write $2 as the user $1: ${error##*"$NEWLINE"}"
    return 1
  fi
}

# as_user USER SCRIPT WORD…: a shell's script with words, as that user.
as_user() {
  local user script
  user=$1 script=$2
  shift 2
  if [ "$(id -un)" = "$user" ]; then
    timeout 30 sh -c "$script" sh "$@"
  else
    timeout 30 runuser -u "$user" -- sh -c "$script" sh "$@"
  fi
}
