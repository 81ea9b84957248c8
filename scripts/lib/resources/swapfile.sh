# Resource: a file to swap to. Its unit stops before it goes. `before` tells `there` or `absent`.

# resource_swapfile VERB PATH BYTES
resource_swapfile() {
  local path size error
  path=$ROOT$2
  case $1 in
    differs)
      if [ ! -e "$path" ]; then
        REASON="is missing"
      elif size=$(stat -c %s "$path") && [ "$size" != "$3" ]; then
        REASON="has $size bytes, expected $3"
      else
        return 1
      fi
      ;;
    before) if [ -e "$path" ]; then echo there; else echo absent; fi ;;
    make)
      before_read swapfile "$2"
      if [ -e "$path" ] && [ "$BEFORE" != absent ]; then
        FAILURE="$2 was there before, with another size than $3 bytes; move it away, or change the role, then run again"
        return 1
      fi
      if grep -q "^$2 " "$ROOT/proc/swaps" && ! error=$(timeout 600 swapoff "$path" 2>&1); then
        FAILURE="cannot stop swapping to $2: ${error##*"$NEWLINE"}"
        return 1
      fi
      temporary "$path"
      rm -f "$TEMPORARY"
      # Without holes, and with no copy on write, for the kernel reads it past the filesystem.
      if ! error=$(umask 077 && : >"$TEMPORARY" && { chattr +C "$TEMPORARY" 2>/dev/null || :; } &&
        { fallocate -l "$3" "$TEMPORARY" 2>/dev/null || head -c "$3" /dev/zero >"$TEMPORARY"; } && mkswap "$TEMPORARY" 2>&1); then
        rm -f "$TEMPORARY"
        FAILURE="cannot make the swap file $2: ${error##*"$NEWLINE"} (is there room?)"
        return 1
      fi
      mv -fT "$TEMPORARY" "$path" && sync "${path%/*}"
      ;;
    drop)
      if [ "$BEFORE" = absent ]; then
        rm -f "$path"
      fi
      ;;
  esac
}
