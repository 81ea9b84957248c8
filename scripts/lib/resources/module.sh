# Resource: a module of the kernel, loaded now. `before` tells `loaded` or `absent`.

# resource_module VERB NAME
resource_module() {
  local place error
  place=$ROOT/sys/module/$(printf '%s' "$2" | tr - _)
  case $1 in
    differs)
      if [ -d "$place" ]; then
        return 1
      fi
      REASON="is not loaded"
      ;;
    before) if [ -d "$place" ]; then echo loaded; else echo absent; fi ;;
    make)
      if ! error=$(modprobe "$2" 2>&1); then
        FAILURE="cannot load the kernel module $2: ${error##*"$NEWLINE"}"
        return 1
      fi
      ;;
    drop)
      # One that is in use stays until the host boots.
      if [ "$BEFORE" = absent ] && [ -d "$place" ] && ! modprobe -r "$2" >/dev/null 2>&1; then
        say "the kernel module $2 is in use and stays loaded until this host boots"
      fi
      ;;
  esac
}
