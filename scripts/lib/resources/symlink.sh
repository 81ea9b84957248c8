# Resource: a symbolic link. What was at its place before is kept beside the memory of it, as a copy; `before` tells `there` or `absent`.

# resource_symlink VERB PATH TARGET
resource_symlink() {
  local path
  path=$ROOT$2
  case $1 in
    differs)
      if [ -h "$path" ]; then
        if [ "$(readlink "$path")" = "$3" ]; then
          return 1
        fi
        REASON="leads to another place"
      elif [ -e "$path" ]; then
        REASON="is no symbolic link"
      else
        REASON="is missing"
      fi
      ;;
    before)
      before_path symlink "$2"
      rm -rf "$BEFORE_PATH.copy"
      if { [ -e "$path" ] || [ -h "$path" ]; } && { [ -h "$path" ] || [ ! -d "$path" ]; }; then
        mkdir -p "$STATE/before" && cp -aT "$path" "$BEFORE_PATH.copy" && sync "$STATE/before" && echo there
      else
        echo absent
      fi
      ;;
    make)
      if [ -d "$path" ] && [ ! -h "$path" ]; then
        FAILURE="$2 is wanted as a symbolic link but is a directory; move it away, then run again"
        return 1
      fi
      temporary "$path"
      mkdir -p "${path%/*}" && ln -sfnT "$3" "$TEMPORARY" && mv -fT "$TEMPORARY" "$path" && sync "${path%/*}"
      ;;
    drop)
      before_path symlink "$2"
      temporary "$path"
      if [ "$BEFORE" = there ]; then
        rm -f "$TEMPORARY" && cp -aT "$BEFORE_PATH.copy" "$TEMPORARY" && mv -fT "$TEMPORARY" "$path"
      elif [ -h "$path" ]; then
        rm -f "$path"
      fi
      ;;
  esac
}
