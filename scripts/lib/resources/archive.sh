# Resource: a directory with what was in an archive, and nothing else. A file in it, .plinth-archive, tells the digest of the archive.

# resource_archive VERB DIRECTORY FILE SHA STRIP: FILE is the archive, which is there by then; STRIP parts of its paths are left out.
resource_archive() {
  local directory new error
  directory=$ROOT$2
  new=${directory%/*}/.${directory##*/}.plinth
  case $1 in
    differs)
      if [ ! -e "$directory" ]; then
        REASON="is missing"
      elif [ ! -e "$directory/.plinth-archive" ]; then
        REASON="is of somebody else"
      elif [ "$(cat "$directory/.plinth-archive")" = "$4 $5" ]; then
        return 1
      else
        REASON="is of another archive"
      fi
      ;;
    make)
      if [ -e "$directory" ] && [ ! -e "$directory/.plinth-archive" ]; then
        FAILURE="$2 is there, and not from an archive of a role: move it away, or choose another directory"
        return 1
      fi
      rm -rf "$new" "$new.old"
      if ! error=$(umask 022 && mkdir -p "$new" &&
        timeout 600 tar -x --no-same-owner --strip-components "$5" -C "$new" -f "$ROOT$3" 2>&1 </dev/null); then
        rm -rf "$new"
        FAILURE="cannot unpack the archive of $2: ${error##*"$NEWLINE"}"
        return 1
      fi
      printf '%s\n' "$4 $5" >"$new/.plinth-archive" && sync -f "$new" || return 1
      if [ -e "$directory" ]; then
        mv -T "$directory" "$new.old" || return 1
      fi
      mv -T "$new" "$directory" && sync "${directory%/*}" && rm -rf "$new.old"
      ;;
    drop)
      rm -rf "$new" "$new.old"
      if [ -e "$directory/.plinth-archive" ]; then
        rm -rf "$directory" && sync "${directory%/*}"
      fi
      ;;
  esac
}
