# View: the host's files as a program will find them once the changes are made, for judges. In the stage this leaves
#   view/etc      a copy of /etc with what `changes_compute` has found carried out
#   view/bin      the links of /opt/plinth/bin, likewise
#   view/places   the bundle's directories below /var, empty; those that are shown stand in view/mounts
#   view/run, view/tmp   empty, but for JUDGED_PATH, where anybody may write
#   view/begins   JUDGE_BEGINS

# view_make: says on stderr why not.
view_make() {
  local view op a b c d
  view=$STAGE/view
  rm -rf "$view"
  mkdir -p "$view$JUDGED_PATH" "$view/tmp" "$view/bin" "$view/places" && : >"$view/mounts" || return 1
  chmod 0755 "$view/run" "$view/bin" "$view/places" && chmod 1777 "$view$JUDGED_PATH" "$view/tmp" || return 1
  printf '%s\n' "$JUDGE_BEGINS" >"$view/begins"
  cp -a "$ROOT/etc" "$view/etc" || return 1
  if [ -d "$OPT/bin" ]; then
    cp -a "$OPT/bin/." "$view/bin" || return 1
  fi
  while read -r op a b c d; do
    case $op in
      directory) view_below_etc "$a" && { install -d -m "$b" -o "${c%:*}" -g "${c#*:}" "$view$a" || return 1; } ;;
      write) view_below_etc "$b" && { view_write "$a" "$view$b" "$c" "$d" || return 1; } ;;
      symlink) view_below_etc "$b" && { (umask 022 && mkdir -p "$view${b%/*}") && ln -sfnT "$a" "$view$b" || return 1; } ;;
      remove | delete | unmask) view_below_etc "$a" && { rm -f "$view$a" || return 1; } ;;
      link) ln -sfnT "$b" "$view/bin/$a" || return 1 ;;
      unlink) rm -f "$view/bin/$a" || return 1 ;;
    esac
  done <"$STAGE/ops"
  while read -r op a b c d; do
    case $op-$a in
      directory-/var/*)
        (umask 022 && install -d -m "$b" -o "${c%:*}" -g "${c#*:}" "$view/places$a") || return 1
        # One within another comes along, and without a place on the host there is nowhere to show it.
        if [ -d "$ROOT$a" ] && ! view_shown "$a"; then
          printf '%s\n' "$a" >>"$view/mounts"
        fi
        ;;
    esac
  done <"$STAGE/manifest"
}

view_below_etc() {
  case $1 in /etc/*) return 0 ;; esac
  return 1
}

# view_shown PATH: whether a directory that holds PATH is shown already.
view_shown() {
  local place
  while read -r place; do
    case $1 in "$place" | "$place"/*) return 0 ;; esac
  done <"$STAGE/view/mounts"
  return 1
}

# view_write SOURCE PATH MODE OWNER
view_write() {
  local source
  case $1 in
    /*) source=$1 ;;
    *) source=$STAGE/$1 ;;
  esac
  (umask 022 && mkdir -p "${2%/*}") && install -T -m "$3" -o "${4%:*}" -g "${4#*:}" "$source" "$2"
}
