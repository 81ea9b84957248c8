# Sets on targets: which are there, and what puts one there.

# newest TARGET KIND: sets NEWEST to the id of the newest set of this cluster, empty where there is none; REASON where it cannot tell.
# One from the future was made by a clock that was wrong: it must not stand for those that are due until then.
newest() {
  local latest code
  latest=$(date -u -d "@$(($(date +%s) + AHEAD))" +%Y%m%dT%H%M%SZ)
  # However many there are, no more than a line of them is held at a time.
  {
    restic "$1" "$REACH" snapshots --json --no-lock --tag "kind=$2,cluster=$(claimed cluster-id)" 2>"$WORK/error"
    say $? >"$WORK/code"
  } | tr ',' '\n' | grep -o '"id=[0-9]\{8\}T[0-9]\{6\}Z-[A-Za-z0-9._-]*"' | sed 's/^"id=\(.*\)"$/\1/' |
    awk -v latest="$latest" 'substr($0, 1, 16) <= latest && $0 "" > id "" { id = $0 } END { print id }' >"$WORK/newest"
  code=$(cat "$WORK/code")
  case $code in
    0) NEWEST=$(cat "$WORK/newest") && return 0 ;;
    124) REASON="its sets are not listed within $REACH s: run ./plinth backup prune where there are very many" ;;
    *) REASON=$(one_line "$(cat "$WORK/error")") ;;
  esac
  return 1
}

# has TARGET ID: whether the set is there.
has() {
  restic "$1" "$REACH" snapshots --json --no-lock --tag "id=$2" 2>/dev/null | tr ',' '\n' | grep -qF "\"id=$2\""
}

# roomy TARGET: whether there is space for the set in WORK/set where a directory is on the disk of etcd's own data, which goes on growing.
# Any other one may be full: restic says so, and nobody else minds. Sets REASON where there is none.
roomy() {
  local directory disk needed free
  directory=$(repository_of "$1")
  case $directory in
    /*) ;;
    *) return 0 ;;
  esac
  disk=$(stat -c %d "$ROOT$(setting data)" 2>/dev/null)
  if [ -z "$disk" ] || [ "$(stat -c %d "$directory" 2>/dev/null)" != "$disk" ]; then
    return 0
  fi
  needed=$(($(wc -c <"$WORK/set/content.age") / 1024 + BESIDES)) free=$(free_at "$directory")
  [ "${free:-0}" -lt "$needed" ] || return 0
  REASON="with the set less than $(size_text "$BESIDES") would be free on the disk that etcd has its data on: run ./plinth backup prune, or move it"
  return 1
}

# put TARGET: the set in WORK/set. Its tags are what `list` reads without opening anything.
put() {
  local kind id complaint code
  roomy "$1" || return 1
  kind=$(value kind "$WORK/set/set.json") id=$(value id "$WORK/set/set.json")
  complaint=$(cd "$WORK/set" && restic "$1" "$LONGEST" backup --retry-lock 10m --host "$(setting cluster)" \
    --tag "kind=$kind,id=$id,cluster=$(value clusterId set.json),set=$(base64 <set.json | tr -d '\n')" set.json content.age 2>&1 >/dev/null)
  code=$?
  if [ "$code" != 0 ]; then
    if [ "$code" = 124 ]; then
      complaint="it was not written within $LONGEST s"
    fi
    REASON=$(one_line "$complaint")
    return 1
  fi
  say "stored $1 $id"
  record "$1" "$kind" "$id" "$WORK/set/set.json"
}

# put_all TARGET…: where one fails, the others get it all the same.
put_all() {
  local target kind
  kind=$(value kind "$WORK/set/set.json")
  for target in "$@"; do
    if ! put "$target"; then
      failed "$target" "$kind"
    fi
  done
}

# ready KIND TARGET…: sets READY to those that can be reached; the others have failed.
ready() {
  local kind target
  kind=$1 READY=
  shift
  for target in "$@"; do
    if reach "$target"; then
      READY="$READY $target"
    else
      failed "$target" "$kind"
    fi
  done
}
