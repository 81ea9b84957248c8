# Release: takes everything of ours from this host and puts back what was there before. Killed at any point, it goes on
# where it was: every step can be done twice, and /var/lib/plinth goes last of what it needs to know.

# release [--host NAME] [--cluster-id ID] [--force]
release() {
  local host id force
  claim_options release "$@"
  host=$OPTION_HOST id=$OPTION_ID force=$OPTION_FORCE
  if [ -z "$host$force" ]; then
    die "$EXIT_BAD_INPUT" "release needs --host NAME or --force"
  fi
  stage_make
  lock_take "release"
  claim_read
  if [ -n "$CLAIM_ID" ] && [ -z "$force" ]; then
    if [ "$CLAIM_HOST" != "$host" ] || { [ -n "$id" ] && [ "$CLAIM_ID" != "$id" ]; }; then
      say "this host is now $CLAIM_HOST of cluster $CLAIM_CLUSTER, not $host${id:+ of cluster id $id}: left as it is"
      release_report "$host" true
      return
    fi
  fi
  if [ -z "$CLAIM_ID" ] && [ -d "$STATE/bundles" ] && [ -z "$force" ]; then
    die "$EXIT_REFUSED" "there are bundles on this host, but no claim says whose; look at $STATE/bundles and run \`plinth-host release --force\`"
  fi
  if [ -d "$STATE" ]; then
    release_all || die "$EXIT_FAILED" "${FAILURE:-cannot take everything away}; correct the cause and run again, it goes on from there"
  fi
  # Of what is in /run, the locks stay until the host boots: a lock that is removed locks nothing.
  rm -rf "$ROOT/var/lib/.plinth-released" "$STAGE"
  # The script itself goes last, in one step: while it is there, this can be called again.
  rm -rf "$SELF_DIR"
  release_report "$host" false
}

# release_report HOST SKIPPED
release_report() {
  local kept
  # shellcheck disable=SC2086 # lists of words
  {
    json_list ${KEPT_PATHS-}
    kept=$JSON
    json_list ${LEFT_PATHS-}
  }
  printf '{"host":"%s","skipped":%s,"kept":%s,"left":%s}\n' "${1:-$CLAIM_HOST}" "$2" "$kept" "$JSON"
}

# release_all: returns 1 with FAILURE set.
release_all() {
  local unit path entry
  FAILURE="cannot write under $STATE"
  links_adopt && release_destination && release_returns || return 1
  release_facts
  # The VIP leaves first, and in order: a stopped keepalived hands it over and takes it off the interface.
  for unit in $OWNED_UNITS; do
    case $unit in
      keepalived*) unit_let_go "$unit" || return 1 ;;
    esac
  done
  for unit in $OWNED_UNITS; do
    case $unit in
      keepalived*) ;;
      *) unit_let_go "$unit" || return 1 ;;
    esac
  done
  FAILURE="cannot remove a file of ours"
  for path in $OWNED_FILES; do
    temporary "$ROOT$path"
    rm -f "$TEMPORARY" && original_restore "$path" || return 1
  done
  FAILURE="cannot set data aside"
  for entry in $OWNED_DIRECTORIES; do
    case $entry in
      *:keep) release_keep "${entry%:*}" || return 1 ;;
    esac
  done
  FAILURE="cannot remove a directory of ours"
  for entry in $OWNED_DIRECTORIES; do
    case $entry in
      *:purge) release_purge "${entry%:*}" || return 1 ;;
    esac
  done
  release_directories
  if ! control 90 daemon-reload >/dev/null 2>&1; then
    FAILURE="systemctl daemon-reload failed"
    return 1
  fi
  release_hits
  resources_release "$STAGE/owned" || return 1
  rm -rf "$OPT" || return 1
  release_selinux || return 1
  release_users || return 1
  FAILURE="cannot remove $STATE"
  # One rename takes the claim and all memory away together; what follows is only sweeping up.
  rm -rf "$ROOT/var/lib/.plinth-released" && mv -fT "$STATE" "$ROOT/var/lib/.plinth-released" && sync "$ROOT/var/lib"
}

# release_returns: no change is returned from any more.
release_returns() {
  local file
  for file in "$ROOT$UNITS_PATH"/plinth-return-*.timer; do
    if [ -e "$file" ]; then
      BUNDLE=${file##*/plinth-return-}
      BUNDLE=${BUNDLE%.timer}
      HOME_DIR=$STATE/bundles/$BUNDLE
      confirm_disarm || return 1
    fi
  done
}

# release_destination: sets KEEP_DIR, the same in every attempt, and KEPT_PATHS with what earlier attempts have set aside.
release_destination() {
  local id rest line
  if [ ! -e "$STATE/release" ]; then
    id=${CLAIM_ID:-unknown}
    rest=${id#????????}
    printf '%s\n' "$KEPT/${CLAIM_CLUSTER:-unknown}-${id%"$rest"}-$(date -u +%Y%m%dT%H%M%SZ)" | write_atomic "$STATE/release" 0600 || return 1
  fi
  KEPT_PATHS='' KEEP_DIR=
  while read -r line; do
    if [ -z "$KEEP_DIR" ]; then
      KEEP_DIR=$line
    else
      KEPT_PATHS="$KEPT_PATHS $line"
    fi
  done <"$STATE/release"
}

# release_facts: sets OWNED_UNITS, OWNED_FILES (reverse order), OWNED_DIRECTORIES (`PATH:FLAG`, deepest first) from all manifests and
# intents, the last applied bundle first.
release_facts() {
  local bundle file kind value
  OWNED_UNITS='' OWNED_FILES='' OWNED_DIRECTORIES=
  : >"$STAGE/owned"
  set --
  if [ -e "$STATE/order" ]; then
    while read -r bundle; do
      for file in "$STATE/bundles/$bundle/manifest" "$STATE/bundles/$bundle/intent"; do
        if [ -e "$file" ]; then
          set -- "$@" "$file"
        fi
      done
    done <"$STATE/order"
  fi
  if [ $# = 0 ]; then
    return 0
  fi
  cat "$@" >"$STAGE/owned"
  while read -r kind value; do
    case $kind in
      unit) OWNED_UNITS="$value $OWNED_UNITS" ;;
      file) OWNED_FILES="$value $OWNED_FILES" ;;
      directory) OWNED_DIRECTORIES="$OWNED_DIRECTORIES $value" ;;
    esac
  done <<EOF
$(awk '
    { if ($1 == "owns") sub(/^owns /, "") }
    $1 == "unit" && !(("u" $2) in seen) { seen["u" $2] = 1; print "unit " $2 }
    ($1 == "file" || $1 == "mask") && !(("f" $2) in seen) { seen["f" $2] = 1; print "file " $2 }
    $1 == "directory" { flag[$2] = $5 }
    $1 == "left" { flag[$2] = $3 }
    END { for (path in flag) { sorted[++n] = path }
      for (i = 2; i <= n; i++) for (j = i; j > 1 && sorted[j] > sorted[j - 1]; j--) { t = sorted[j]; sorted[j] = sorted[j - 1]; sorted[j - 1] = t }
      for (i = 1; i <= n; i++) print "directory " sorted[i] ":" flag[sorted[i]] }' "$@")
EOF
}

# release_hits: sets HIT_RESTART and HIT_RELOAD to the units that have read what is taken away: those that ran before us run on.
release_hits() {
  awk '
    function hits(list, verb,   n, i, names) {
      n = split(list, names, ",")
      for (i = 1; i <= n; i++) if (names[i] != "-") print verb " " names[i]
    }
    { sub(/^owns /, "") }
    $1 == "file" || $1 == "binary" { hits($6, "restart"); hits($7, "reload") }
    $1 == "resource" { hits($5, "restart"); hits($6, "reload") }
    $1 == "restart" || $1 == "reload"' "$STAGE/owned" >"$STAGE/hits"
  INTENT_RESTART='' INTENT_RELOAD='' INTENT_DAEMON_RELOAD=''
  hits_merge
}

# release_purge PATH: deletes PATH, but nothing that is mounted below it: that may be somebody's data, seen through a volume.
release_purge() {
  local mount left
  mounts_below "$ROOT$1" | while read -r mount; do
    mount=$(printf '%b' "$mount")
    timeout 20 umount "$mount" 2>/dev/null || umount -l "$mount" 2>/dev/null
  done
  left=$(mounts_below "$ROOT$1")
  if [ -n "$left" ]; then
    FAILURE="cannot delete $1: $(printf '%b' "${left%%"$NEWLINE"*}") is mounted below it; unmount it"
    return 1
  fi
  if mountpoint -q "$ROOT$1"; then
    find "$ROOT$1" -xdev -mindepth 1 ! -path "$ROOT$1/lost+found" ! -path "$ROOT$1/lost+found/*" -delete
  else
    rm -rf --one-file-system "$ROOT$1"
  fi
}

# mounts_below PATH: the mount points below PATH, the last mounted first, special characters as printf %b reads them.
mounts_below() {
  awk -v above="$1/" 'index($5, above) == 1 { found[++n] = $5 } END { for (i = n; i > 0; i--) print found[i] }' \
    "${PLINTH_MOUNTINFO:-/proc/self/mountinfo}" | sed 's/\\\([0-7][0-7][0-7]\)/\\0\1/g'
}

# release_keep PATH: data is moved out of the way, for root only, never deleted.
release_keep() {
  local to
  to=$KEEP_DIR$1
  if [ -d "$ROOT$1" ] && ! rmdir "$ROOT$1" 2>/dev/null && [ -n "$(release_contents "$1" -print -quit)" ]; then
    release_move "$1" "$to" || return 1
  fi
  # Also what a killed attempt has moved.
  if [ -d "$to" ]; then
    chown -R root:root "$to" && chmod 0700 "$to" && sync "${to%/*}"
  fi
}

# release_contents PATH ACTION…: what is in PATH, but for what its file system has there by itself.
release_contents() {
  local path
  path=$1
  shift
  find "$ROOT$path" -mindepth 1 -maxdepth 1 ! -name lost+found "$@"
}

# release_move PATH TO
release_move() {
  # Written down before the move: a killed attempt's move is told too.
  KEPT_PATHS="$KEPT_PATHS ${2#"$ROOT"}"
  # shellcheck disable=SC2086 # a list of paths
  printf '%s\n' "$KEEP_DIR" $KEPT_PATHS | awk '!seen[$0]++' | write_atomic "$STATE/release" 0600 || return 1
  mkdir -p "${2%/*}" && chmod 0700 "$KEPT" || return 1
  if [ ! -e "$2" ] && mv -T "$ROOT$1" "$2" 2>/dev/null; then
    :
  else
    # A mount point, or the rest of an attempt that was killed while it copied: its content is moved.
    mkdir -p "$2" && release_contents "$1" -exec mv -f -t "$2" {} + || return 1
    rmdir "$ROOT$1" 2>/dev/null || :
  fi
}

# release_directories: removes the directories that we made and that are empty now; sets LEFT_PATHS to those that are not.
release_directories() {
  local path
  LEFT_PATHS=
  if [ ! -e "$STATE/directories" ]; then
    return 0
  fi
  sort -r "$STATE/directories" >"$STAGE/directories"
  while read -r path; do
    if [ -d "$ROOT$path" ] && ! rmdir "$ROOT$path" 2>/dev/null; then
      LEFT_PATHS="$LEFT_PATHS $path"
      say "$path is not empty and stays"
    fi
  done <"$STAGE/directories"
}

# release_users: removes the users that we made, and their groups where userdel leaves them.
release_users() {
  local name error
  if [ ! -e "$STATE/users" ]; then
    return 0
  fi
  while read -r name; do
    if getent passwd "$name" >/dev/null && ! error=$(userdel "$name" 2>&1); then
      FAILURE="cannot remove the user $name: ${error##*"$NEWLINE"}"
      return 1
    fi
  done <"$STATE/users"
}
