# Files: carries out the operations that `changes_compute` has found. All new content is on disk under temporary names
# before the first rename, so that a full disk is found while nothing has changed yet.

# temporary PATH: sets TEMPORARY to the name in the same directory under which PATH is prepared. It is the same in every
# run, so that one left by a killed run is overwritten; the leading dot hides it from programs that read directories.
temporary() {
  TEMPORARY=${1%/*}/.${1##*/}.plinth
}

# copies_make LIST DIRECTORY: copies each path of the file LIST to DIRECTORY/PATH, whole or not at all.
copies_make() {
  cm_paths=
  while read -r cm_path; do
    mkdir -p "$2${cm_path%/*}" && cp -aT "$ROOT$cm_path" "$2/.copy" && mv -fT "$2/.copy" "$2$cm_path" || return 1
    cm_paths="$cm_paths $2${cm_path%/*}"
    if [ ! -h "$2$cm_path" ]; then
      cm_paths="$cm_paths $2$cm_path"
    fi
  done <"$1"
  if [ -n "$cm_paths" ]; then
    # shellcheck disable=SC2086 # a list of paths
    sync $cm_paths
  fi
}

# save_originals: copies of what was here before us go to /var/lib/plinth/saved.
save_originals() {
  copies_make "$STAGE/save" "$STATE/saved"
}

# keep_previous: what the change replaces goes to the bundle's previous/. A path that a killed run has kept already is
# not kept again: what is on disk now may be that run's.
keep_previous() {
  kp_dir=$STATE/bundles/$BUNDLE/previous
  if [ ! -e "$STATE/bundles/$BUNDLE/intent" ]; then
    rm -rf "$kp_dir"
  fi
  mkdir -p "$kp_dir" || return 1
  while read -r kp_path; do
    if [ ! -e "$kp_dir$kp_path" ] && [ ! -h "$kp_dir$kp_path" ]; then
      printf '%s\n' "$kp_path"
    fi
  done <"$STAGE/previous" >"$STAGE/previous-new"
  copies_make "$STAGE/previous-new" "$kp_dir"
}

# files_write: runs the operations on directories, files and links. Returns 1 with FAILURE set.
files_write() {
  CHANGED='' REMOVED=''
  FAILURE="cannot write: is a disk full or read-only?"
  temporaries_remove
  parents_make || return 1
  fw_temps='' fw_dirs=''
  while read -r fw_op fw_a fw_b fw_c fw_d; do
    case $fw_op in
      directory)
        install -d -m "$fw_b" -o "${fw_c%:*}" -g "${fw_c#*:}" "$ROOT$fw_a" || return 1
        CHANGED="$CHANGED $fw_a"
        ;;
      write)
        temporary "$ROOT$fw_b"
        case $fw_a in
          "$STATE/downloads"/*)
            # May be larger than the space that a second copy needs.
            mv -fT "$fw_a" "$TEMPORARY" && chown "$fw_d" "$TEMPORARY" && chmod "$fw_c" "$TEMPORARY" || return 1
            ;;
          /*) install -T -m "$fw_c" -o "${fw_d%:*}" -g "${fw_d#*:}" "$fw_a" "$TEMPORARY" || return 1 ;;
          *) install -T -m "$fw_c" -o "${fw_d%:*}" -g "${fw_d#*:}" "$STAGE/$fw_a" "$TEMPORARY" || return 1 ;;
        esac
        fw_temps="$fw_temps $TEMPORARY"
        ;;
      link)
        mkdir -p "$OPT/bin" && chmod 0755 "$OPT" "$OPT/bin" || return 1
        temporary "$OPT/bin/$fw_a"
        ln -sfnT "$fw_b" "$TEMPORARY" || return 1
        ;;
    esac
  done <"$STAGE/ops"
  if [ -n "$fw_temps" ]; then
    # shellcheck disable=SC2086 # a list of paths
    sync $fw_temps || return 1
  fi
  while read -r fw_op fw_a fw_b fw_c fw_d; do
    fw_path=
    case $fw_op in
      write)
        fw_path=$ROOT$fw_b
        temporary "$fw_path"
        mv -fT "$TEMPORARY" "$fw_path" || return 1
        CHANGED="$CHANGED $fw_b"
        ;;
      link)
        fw_path=$OPT/bin/$fw_a
        temporary "$fw_path"
        mv -fT "$TEMPORARY" "$fw_path" || return 1
        CHANGED="$CHANGED /opt/plinth/bin/$fw_a"
        ;;
      remove)
        fw_path=$ROOT$fw_a
        original_restore "$fw_a" || return 1
        REMOVED="$REMOVED $fw_a"
        ;;
      delete | unmask)
        fw_path=$ROOT$fw_a
        rm -f "$fw_path" || return 1
        REMOVED="$REMOVED $fw_a"
        ;;
      unlink)
        fw_path=$OPT/bin/$fw_a
        rm -f "$fw_path" || return 1
        REMOVED="$REMOVED /opt/plinth/bin/$fw_a"
        ;;
      rmdir)
        # Not empty: someone else's things are in it, and it stays.
        rmdir "$ROOT$fw_a" 2>/dev/null || :
        ;;
    esac
    # shellcheck disable=SC2086 # a list of paths
    if [ -n "$fw_path" ] && [ -d "${fw_path%/*}" ] && ! has_word "${fw_path%/*}" $fw_dirs; then
      fw_dirs="$fw_dirs ${fw_path%/*}"
    fi
  done <"$STAGE/ops"
  # A directory of a removed file may have gone since.
  fw_left=
  for fw_path in $fw_dirs; do
    if [ -d "$fw_path" ]; then
      fw_left="$fw_left $fw_path"
    fi
  done
  if [ -n "$fw_left" ]; then
    # shellcheck disable=SC2086 # a list of paths
    sync $fw_left || return 1
  fi
  FAILURE=
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

# parents_make: makes the directories that are missing above planned files, 0755 root, and remembers all directories
# that we are about to make, those with a line of their own too.
parents_make() {
  pm_new='' pm_parents=''
  while read -r pm_op pm_a pm_b _; do
    case $pm_op in
      directory)
        pm_path=$pm_a
        # shellcheck disable=SC2086 # a list of paths
        if [ ! -d "$ROOT$pm_path" ] && ! has_word "$pm_path" $pm_new; then
          missing_above "$pm_path"
          pm_new="$pm_new $pm_path"
        fi
        ;;
      write) missing_above "$pm_b" ;;
    esac
  done <"$STAGE/ops"
  if [ -n "$pm_new" ]; then
    # shellcheck disable=SC2086 # a list of paths
    remember directories $pm_new || return 1
  fi
  for pm_path in $pm_parents; do
    if [ ! -d "$ROOT$pm_path" ]; then
      mkdir -m 0755 "$ROOT$pm_path" || return 1
    fi
  done
}

# missing_above PATH: adds the missing ancestors of PATH, topmost first, to pm_new and pm_parents.
missing_above() {
  ma_path=${1%/*}
  ma_list=
  # shellcheck disable=SC2086 # a list of paths
  while [ -n "$ma_path" ] && [ ! -d "$ROOT$ma_path" ] && ! has_word "$ma_path" $pm_new; do
    ma_list="$ma_path $ma_list"
    ma_path=${ma_path%/*}
  done
  pm_new="$pm_new $ma_list"
  pm_parents="$pm_parents $ma_list"
}

# temporaries_remove: what an earlier, killed run prepared and nobody has renamed since.
temporaries_remove() {
  while read -r _ tr_kind tr_path _; do
    case $tr_kind in
      file) temporary "$ROOT$tr_path" ;;
      binary) temporary "$OPT/bin/$tr_path" ;;
      *) continue ;;
    esac
    if [ -e "$TEMPORARY" ] || [ -h "$TEMPORARY" ]; then
      rm -f "$TEMPORARY"
    fi
  done <"$STAGE/owns"
}

# originals_forget: after the manifest has been written, saved copies of paths that are no longer ours go.
originals_forget() {
  while read -r of_op of_path _; do
    if [ "$of_op" = remove ] && { [ -e "$STATE/saved$of_path" ] || [ -h "$STATE/saved$of_path" ]; }; then
      rm -f "$STATE/saved$of_path"
      rmdir -p "$STATE/saved${of_path%/*}" 2>/dev/null || :
    fi
  done <"$STAGE/ops"
}
