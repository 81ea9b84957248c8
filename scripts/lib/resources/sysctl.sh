# Resource: the value that a kernel parameter has now. `before` tells the value from before.

# resource_sysctl VERB KEY VALUE
resource_sysctl() {
  local file value read
  file=$ROOT/proc/sys/$(printf '%s' "$2" | tr ./ /.)
  value='' read=yes
  if [ -e "$file" ]; then
    value=$(tr -s '[:space:]' ' ' <"$file") || read=
    value=${value% }
  fi
  case $1 in
    differs)
      if [ ! -e "$file" ]; then
        REASON="this kernel does not have it"
      elif [ "$value" != "$3" ]; then
        REASON="is $value, expected $3"
      else
        return 1
      fi
      ;;
    # One that is not there comes with a module.
    before) [ -n "$read" ] && printf '%s\n' "$value" ;;
    make)
      if [ ! -e "$file" ]; then
        FAILURE="this kernel has no parameter $2 (is its module loaded?)"
        return 1
      fi
      if ! printf '%s\n' "$3" >"$file"; then
        FAILURE="the kernel does not take $3 for its parameter $2"
        return 1
      fi
      ;;
    drop)
      if [ -n "$BEFORE" ] && [ -e "$file" ] && ! printf '%s\n' "$BEFORE" >"$file"; then
        FAILURE="the kernel does not take $BEFORE back for its parameter $2"
        return 1
      fi
      ;;
  esac
}
