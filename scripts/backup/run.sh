# A run: its folder, the lock over all members, and what it does besides its verb.

# work_begin: makes WORK.
work_begin() {
  local file name
  mkdir -p "$RECORDS" || die 1 "cannot make $RECORDS: is the disk full or read-only?"
  for file in "$RECORDS"/work.*; do
    # Of a run that was killed: it is as large as etcd's data.
    name=${file##*/work.}
    kill -0 "${name%%.*}" 2>/dev/null || rm -rf "$file"
  done
  WORK=$(mktemp -d "$RECORDS/work.$$.XXXXXX") || die 1 "cannot write below $RECORDS: is the disk full or read-only?"
  trap 'rm -rf "$WORK"' EXIT
  trap 'exit 129' TERM INT HUP
  FAILED=
}

# locked VERB ARGUMENT…: runs it under a lock over all members: who comes second finds what the first has made. Without a quorum nobody
# would get it, and each target is told of that instead.
locked() {
  local target code
  work_begin
  if ! answered; then
    for target in $(targets); do
      failed "$target" data
    done
    forget_former
    metrics
    die 75 "$REASON"
  fi
  rm -rf "$WORK"
  trap - EXIT TERM INT HUP
  export PLINTH_BACKUP_LOCKED=yes
  member_call "$LONGEST" lock plinth-backup -- "$0" "$@"
  code=$?
  [ "$code" != 124 ] || die 75 "another backup of the cluster did not end within $LONGEST s, or etcd does not answer"
  exit "$code"
}

run() {
  work_begin
  case $1 in
    due) due ;;
    now)
      shift
      # shellcheck disable=SC2046 # a list of words
      give "$*" $(targets)
      ;;
    store) store "${2-}" ;;
    drill) drill ;;
  esac
  forget_former
  metrics
  [ -z "$FAILED" ]
}
