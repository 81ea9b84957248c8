# State: what is remembered under /var/lib/plinth, written so that a reader finds the old or the new text, never a half.
#   claim                      whose host this is
#   script                     sha256 of the host script as it was installed with the claim
#   order                      bundles in the order of their first application
#   users, directories         made by us, one a line; written before they are made
#   contexts, booleans         what SELinux' policy was told by us, likewise
#   saved/PATH                 what was at an owned path before us
#   before/KIND%KEY            what was there before a role's resource, see resources.sh
#   downloads/                 content on its way to its path; gone when the run ends
#   restore, restored, seed    how far a restore of etcd's data has come here, see restore.sh; restore-data/ is what it needs
#   etcd-history               samples of what etcd measures, see etcd-care.sh
#   etcd-paused                present while the API server is stopped for a defragmentation, see etcd-pause.sh
#   backup-repositories/NAME   which repository a target of backups had, see scripts/backup/restic.sh
#   bundles/NAME/manifest      the complete state: what the bundle owns and how to check it
#   bundles/NAME/intent        present while a change is under way or half done
#   bundles/NAME/return        present while the host would return from a change, see confirm.sh; unconfirmed/ is what it needs
#   bundles/NAME/previous/PATH what the change under way replaces
#   bundles/NAME/replaced      binaries whose wrong bytes were replaced, until what runs them has been restarted

# write_atomic FILE MODE: stdin becomes FILE, on disk before this returns.
write_atomic() {
  local temp
  temp=${1%/*}/.${1##*/}.plinth
  cat >"$temp" && chmod "$2" "$temp" && sync "$temp" && mv -fT "$temp" "$1" && sync "${1%/*}"
}

# state_directories: makes what the rest relies on. The claim is for everyone to read, bundles are root's.
state_directories() {
  if [ ! -d "$STATE/bundles" ]; then
    if [ ! -d "$ROOT/var/lib" ]; then
      mkdir -p "$ROOT/var/lib" || return 1
    fi
    mkdir -p "$STATE/bundles" && chmod 0755 "$STATE" "$STATE/bundles" && sync "${STATE%/*}" "$STATE"
  fi
}

# claim_read: sets CLAIM_CLUSTER, CLAIM_ID, CLAIM_HOST, CLAIM_STACK, CLAIM_GENERATION (empty where not claimed) and HOST.
claim_read() {
  local key value
  CLAIM_CLUSTER='' CLAIM_ID='' CLAIM_HOST='' CLAIM_STACK='' CLAIM_GENERATION=''
  if [ -e "$STATE/claim" ]; then
    while read -r key value; do
      case $key in
        cluster) CLAIM_CLUSTER=$value ;;
        cluster-id) CLAIM_ID=$value ;;
        host) CLAIM_HOST=$value ;;
        stack) CLAIM_STACK=$value ;;
        generation) CLAIM_GENERATION=$value ;;
      esac
    done <"$STATE/claim"
    HOST=${CLAIM_HOST:-$HOST}
  fi
}

# remember LEDGER WORD…: appends the words that are not there yet, and waits until they are on disk.
remember() {
  local file known line new word
  file=$STATE/$1
  shift
  known=
  if [ -e "$file" ]; then
    while read -r line; do
      known="$known $line"
    done <"$file"
  fi
  new=
  for word in "$@"; do
    # shellcheck disable=SC2086 # a list of words
    if ! has_word "$word" $known $new; then
      new="$new $word"
    fi
  done
  if [ -n "$new" ]; then
    # shellcheck disable=SC2086 # a list of words
    printf '%s\n' $known $new | write_atomic "$file" 0600
  fi
}

# stage_make: a private directory for this run, removed when it ends; those of killed runs are removed too.
stage_make() {
  local old
  if [ ! -d "$RUN" ]; then
    mkdir -p "$RUN" || die "$EXIT_FAILED" "cannot make $RUN (is this running as root?)"
  fi
  for old in "$RUN"/stage.*; do
    if [ -d "$old" ] && ! kill -0 "${old##*.}" 2>/dev/null; then
      rm -rf "$old"
    fi
  done
  STAGE=$RUN/stage.$$
  # The directory of a killed run with the same process id would be in the way.
  rm -rf "$STAGE"
  trap 'rm -rf "$STAGE" ${DOWNLOADS:+"$DOWNLOADS"}' EXIT
  # A lost connection must not stop a change half way; an interrupt ends it cleanly, and the intent tells the next run.
  trap '' HUP PIPE
  trap 'exit 130' INT
  trap 'exit 143' TERM
  mkdir -m 0700 "$STAGE" "$STAGE/content" || die "$EXIT_FAILED" "cannot make $STAGE"
}
