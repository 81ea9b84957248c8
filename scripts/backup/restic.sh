# Restic: one call of it on the repository of a target, and whether that can be opened and is the one that it was.

# silence SECONDS TEXT: that restic has had no answer for so long, with what it last told of its attempts.
silence() {
  local last
  last=$(printf '%s\n' "$2" | sed -n 's/.* retrying after [^ ]*: //p' | tail -n 1)
  REASON="no answer within $1 s${last:+: $(one_line "$last")}"
}

# restic TARGET SECONDS ARGUMENT…: runs restic on the repository of a target.
restic() {
  local target seconds line
  target=$1 seconds=$2
  shift 2
  set -- --quiet --cache-dir "$ROOT/var/cache/plinth/restic" --password-file "$CONFIG/password" "$@"
  while read -r line; do
    case $line in
      "option $target "*) set -- -o "${line#option "$target" }" "$@" ;;
      "cacert $target "*) set -- --cacert "$ROOT${line#cacert "$target" }" "$@" ;;
      "target $target "*) set -- --repo "${line#target "$target" }" "$@" ;;
    esac
  done <"$CONFIG/settings"
  (
    if [ -r "$CONFIG/targets/$target.env" ]; then
      while IFS= read -r line; do
        case $line in
          AWS_*=*) export "${line?}" ;;
        esac
      done <"$CONFIG/targets/$target.env"
    fi
    exec timeout "$seconds" "$BIN/restic" "$@"
  ) </dev/null
}

# repository_of TARGET: its URL or path.
repository_of() {
  awk -v name="$1" '$1 == "target" && $2 == name { sub(/^target [^ ]+ /, ""); print; exit }' "$CONFIG/settings"
}

# known_id TARGET: the id of the repository that it had; nothing where it had none, or is told to have another one by now.
known_id() {
  if [ -r "$KNOWN/$1" ] && [ "$(sed -n 's/^repository //p' "$KNOWN/$1")" = "$(repository_of "$1")" ]; then
    sed -n 's/^id //p' "$KNOWN/$1"
  fi
}

# know TARGET ID: remembers it. Sets REASON and returns 1 where that cannot be written.
know() {
  mkdir -p "$KNOWN" && printf 'repository %s\nid %s\n' "$(repository_of "$1")" "$2" >"$WORK/known" && mv "$WORK/known" "$KNOWN/$1" && return 0
  REASON="cannot write $KNOWN/$1: is the disk full?"
  return 1
}

# estranged TARGET WHAT: sets REASON. What a target had is not there: mostly a mount is missing, and a new repository would hide that. A
# directory is each member's own.
estranged() {
  local where
  case $(repository_of "$1") in
    /*) where='this member' ;;
    *) where='all members' ;;
  esac
  REASON="$2; mount what it is on, or bring it back; to begin a new one on purpose, remove ${KNOWN#"$ROOT"}/$1 on $where"
}

# reach TARGET: sets REASON and returns 1 where its repository can be neither opened nor made, or is another one than it was. A member that
# has never reached it begins one where there is none: whether others have seen one it does not know.
reach() {
  local complaint code known id
  known=$(known_id "$1")
  complaint=$(restic "$1" "$REACH" cat config 2>&1 >"$WORK/config")
  code=$?
  if [ "$code" = 10 ]; then
    if [ -n "$known" ]; then
      estranged "$1" "its repository (id $(short "$known")) is not there any more"
      return 1
    fi
    complaint=$(restic "$1" "$REACH" init 2>&1 >/dev/null) && complaint=$(restic "$1" "$REACH" cat config 2>&1 >"$WORK/config")
    code=$?
  fi
  case $code in
    0) ;;
    124)
      silence "$REACH" "$complaint"
      return 1
      ;;
    *)
      REASON=$(one_line "$complaint")
      return 1
      ;;
  esac
  id=$(tr ',' '\n' <"$WORK/config" | sed -n 's/.*"id": *"\([0-9a-f]\{64\}\)".*/\1/p')
  if [ -z "$id" ]; then
    REASON="its repository does not tell its id"
    return 1
  fi
  if [ -n "$known" ] && [ "$known" != "$id" ]; then
    estranged "$1" "another repository (id $(short "$id")) is there than it had (id $(short "$known"))"
    return 1
  fi
  [ "$known" = "$id" ] || know "$1" "$id"
}
