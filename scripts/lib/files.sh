# Files: carries out the operations that `changes_compute` has found. All new content is on disk under temporary names
# before the first rename, so that a full disk is found while nothing has changed yet.

# temporary PATH: sets TEMPORARY to the name in the same directory under which PATH is prepared. It is the same in every
# run, so that one left by a killed run is overwritten; the leading dot hides it from programs that read directories.
temporary() {
  TEMPORARY=${1%/*}/.${1##*/}.plinth
}

# copies_make LIST DIRECTORY: copies each path of the file LIST to DIRECTORY/PATH, whole or not at all.
copies_make() {
  local paths path
  paths=
  while read -r path; do
    mkdir -p "$2${path%/*}" && cp -aT "$ROOT$path" "$2/.copy" && mv -fT "$2/.copy" "$2$path" || return 1
    paths="$paths $2${path%/*}"
    if [ ! -h "$2$path" ]; then
      paths="$paths $2$path"
    fi
  done <"$1"
  if [ -n "$paths" ]; then
    # shellcheck disable=SC2086 # a list of paths
    sync $paths
  fi
}

# save_originals: copies of what was here before us go to /var/lib/plinth/saved.
save_originals() {
  copies_make "$STAGE/save" "$STATE/saved"
}

# keep_previous: what the change replaces goes to the bundle's previous/. A path that a killed run has kept already is
# not kept again: what is on disk now may be that run's.
keep_previous() {
  local dir path
  dir=$STATE/bundles/$BUNDLE/previous
  if [ ! -e "$STATE/bundles/$BUNDLE/intent" ]; then
    rm -rf "$dir"
  fi
  mkdir -p "$dir" || return 1
  while read -r path; do
    if [ ! -e "$dir$path" ] && [ ! -h "$dir$path" ]; then
      printf '%s\n' "$path"
    fi
  done <"$STAGE/previous" >"$STAGE/previous-new"
  copies_make "$STAGE/previous-new" "$dir"
}

# files_write: runs the operations on directories, files and links. Returns 1 with FAILURE set.
files_write() {
  local temps dirs op a b c d path left
  CHANGED='' REMOVED=''
  FAILURE="cannot write: is a disk full or read-only?"
  temporaries_remove
  parents_make || return 1
  temps='' dirs=''
  while read -r op a b c d; do
    case $op in
      directory)
        install -d -m "$b" -o "${c%:*}" -g "${c#*:}" "$ROOT$a" || return 1
        CHANGED="$CHANGED $a"
        ;;
      write)
        temporary "$ROOT$b"
        case $a in
          "$STATE/downloads"/*)
            # May be larger than the space that a second copy needs.
            mv -fT "$a" "$TEMPORARY" && chown "$d" "$TEMPORARY" && chmod "$c" "$TEMPORARY" || return 1
            ;;
          /*) install -T -m "$c" -o "${d%:*}" -g "${d#*:}" "$a" "$TEMPORARY" || return 1 ;;
          *) install -T -m "$c" -o "${d%:*}" -g "${d#*:}" "$STAGE/$a" "$TEMPORARY" || return 1 ;;
        esac
        temps="$temps $TEMPORARY"
        ;;
      symlink)
        temporary "$ROOT$b"
        ln -sfnT "$a" "$TEMPORARY" || return 1
        ;;
      link)
        mkdir -p "$OPT/bin" && chmod 0755 "$OPT" "$OPT/bin" || return 1
        temporary "$OPT/bin/$a"
        ln -sfnT "$b" "$TEMPORARY" || return 1
        ;;
    esac
  done <"$STAGE/ops"
  if [ -n "$temps" ]; then
    # shellcheck disable=SC2086 # a list of paths
    sync $temps || return 1
  fi
  while read -r op a b c d; do
    path=
    case $op in
      write | symlink)
        path=$ROOT$b
        temporary "$path"
        mv -fT "$TEMPORARY" "$path" || return 1
        CHANGED="$CHANGED $b"
        ;;
      link)
        path=$OPT/bin/$a
        temporary "$path"
        mv -fT "$TEMPORARY" "$path" || return 1
        CHANGED="$CHANGED $SOFTWARE_PATH/bin/$a"
        ;;
      remove)
        path=$ROOT$a
        original_restore "$a" || return 1
        REMOVED="$REMOVED $a"
        ;;
      delete | unmask)
        path=$ROOT$a
        rm -f "$path" || return 1
        REMOVED="$REMOVED $a"
        ;;
      unlink)
        path=$OPT/bin/$a
        rm -f "$path" || return 1
        REMOVED="$REMOVED $SOFTWARE_PATH/bin/$a"
        ;;
      rmdir)
        # Not empty: someone else's things are in it, and it stays.
        rmdir "$ROOT$a" 2>/dev/null || :
        ;;
    esac
    # shellcheck disable=SC2086 # a list of paths
    if [ -n "$path" ] && [ -d "${path%/*}" ] && ! has_word "${path%/*}" $dirs; then
      dirs="$dirs ${path%/*}"
    fi
  done <"$STAGE/ops"
  parents_leave
  # A directory of a removed file may have gone since.
  left=
  for path in $dirs; do
    if [ -d "$path" ]; then
      left="$left $path"
    fi
  done
  if [ -n "$left" ]; then
    # shellcheck disable=SC2086 # a list of paths
    sync $left || return 1
  fi
  contexts_of_changed || return 1
  FAILURE=
}

# contexts_of_changed: SELinux' contexts of what has just been written, and of directories that were made for it.
contexts_of_changed() {
  local path
  set --
  for path in $MADE $CHANGED; do
    set -- "$@" "$ROOT$path"
  done
  contexts_restore "$@"
}

# original_restore PATH: puts back what was at PATH before us, or nothing. The saved copy stays until the manifest no
# longer holds PATH: a run killed in between must find it again.
original_restore() {
  if [ -e "$STATE/saved$1" ] || [ -h "$STATE/saved$1" ]; then
    if [ ! -d "$ROOT${1%/*}" ]; then
      mkdir -p "$ROOT${1%/*}" || return 1
    fi
    temporary "$ROOT$1"
    rm -rf "$TEMPORARY" && cp -aT "$STATE/saved$1" "$TEMPORARY" && mv -fT "$TEMPORARY" "$ROOT$1"
  else
    rm -f "$ROOT$1"
  fi
}

# parents_make: makes the directories that are missing above planned files, 0755 root, and remembers them; those with a line of
# their own too, whose mode and owner come later: other directories may be below them.
parents_make() {
  local op a b path
  MADE=
  while read -r op a b _; do
    case $op in
      directory)
        path=$a
        # shellcheck disable=SC2086 # a list of paths
        if [ ! -d "$ROOT$path" ] && ! has_word "$path" $MADE; then
          missing_above "$path"
          MADE="$MADE $path"
        fi
        ;;
      write | symlink) missing_above "$b" ;;
    esac
  done <"$STAGE/ops"
  if [ -n "$MADE" ]; then
    # shellcheck disable=SC2086 # a list of paths
    remember directories $MADE || return 1
  fi
  for path in $MADE; do
    if [ ! -d "$ROOT$path" ]; then
      mkdir -m 0755 "$ROOT$path" || return 1
    fi
  done
}

# parents_leave: removes the directories above REMOVED files that we made for them, that nobody lists and that are empty now.
parents_leave() {
  local path
  if [ -z "$REMOVED" ] || [ ! -e "$STATE/directories" ]; then
    return 0
  fi
  for path in $REMOVED; do
    path=${path%/*}
    while made_and_unlisted "$path" && rmdir "$ROOT$path" 2>/dev/null; do
      path=${path%/*}
    done
  done
}

# made_and_unlisted PATH: whether we made this directory and no bundle has a line for it.
made_and_unlisted() {
  local file
  set -- "$1" "$STAGE/manifest"
  for file in "$STATE/bundles"/*/manifest "$STATE/bundles"/*/intent; do
    if [ -e "$file" ] && [ "${file%/*}" != "$STATE/bundles/$BUNDLE" ]; then
      set -- "$@" "$file"
    fi
  done
  awk -v path="$1" -v made="$STATE/directories" '
    BEGIN { while ((getline line < made) > 0) if (line == path) ours = 1; if (!ours) exit; delete ARGV[1] }
    { sub(/^owns /, "") }
    ($1 == "directory" || $1 == "left") && $2 == path { ours = 0; exit }
    END { exit !ours }' "$@"
}

# missing_above PATH: adds the missing ancestors of PATH, topmost first, to MADE, what we are about to make.
missing_above() {
  local path list
  path=${1%/*}
  list=
  # shellcheck disable=SC2086 # a list of paths
  while [ -n "$path" ] && [ ! -d "$ROOT$path" ] && ! has_word "$path" $MADE; do
    list="$path $list"
    path=${path%/*}
  done
  MADE="$MADE $list"
}

# temporaries_remove: what an earlier, killed run prepared and nobody has renamed since.
temporaries_remove() {
  local kind path
  while read -r _ kind path _; do
    case $kind in
      file) temporary "$ROOT$path" ;;
      binary) temporary "$OPT/bin/$path" ;;
      *) continue ;;
    esac
    if [ -e "$TEMPORARY" ] || [ -h "$TEMPORARY" ]; then
      rm -f "$TEMPORARY"
    fi
  done <"$STAGE/owns"
}

# originals_forget: after the manifest has been written, saved copies of paths that are no longer ours go.
originals_forget() {
  local op path
  while read -r op path _; do
    if [ "$op" = remove ] && { [ -e "$STATE/saved$path" ] || [ -h "$STATE/saved$path" ]; }; then
      rm -f "$STATE/saved$path"
      rmdir -p "$STATE/saved${path%/*}" 2>/dev/null || :
    fi
  done <"$STAGE/ops"
}
