# Restic: one call of it on the repository of a target, and whether that can be opened.

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

# reach TARGET: sets REASON and returns 1 where its repository can be neither opened nor made.
reach() {
  local complaint code
  complaint=$(restic "$1" "$REACH" cat config 2>&1 >/dev/null)
  code=$?
  if [ "$code" = 10 ]; then
    complaint=$(restic "$1" "$REACH" init 2>&1 >/dev/null)
    code=$?
  fi
  case $code in
    0) return 0 ;;
    124) silence "$REACH" "$complaint" ;;
    *) REASON=$(one_line "$complaint") ;;
  esac
  return 1
}
