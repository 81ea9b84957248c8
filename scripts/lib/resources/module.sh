# Resource: a module of the kernel, loaded now. `before` tells `loaded` or `absent`.

# resource_module VERB NAME
resource_module() {
  local error
  case $1 in
    differs)
      if module_there "$2"; then
        return 1
      fi
      REASON="is not loaded"
      ;;
    before) if module_there "$2"; then echo loaded; else echo absent; fi ;;
    make)
      if ! error=$(modprobe "$2" 2>&1); then
        FAILURE="cannot load the kernel module $2: ${error##*"$NEWLINE"}"
        return 1
      fi
      ;;
    drop)
      # One that is in use stays until the host boots.
      if [ "$BEFORE" = absent ] && module_there "$2" && ! modprobe -r "$2" >/dev/null 2>&1; then
        say "the kernel module $2 is in use and stays loaded until this host boots"
      fi
      ;;
  esac
}

# module_there NAME: whether it is loaded, or a part of this kernel, which /sys does not show of all. NAME may be another one of the module's.
module_there() {
  local last
  if module_shown "$1"; then
    return 0
  fi
  # The module comes after those that it needs: `insmod PATH [PARAMETERS]`, or `builtin NAME` (modprobe(8)).
  last=$(modprobe --show-depends "$1" 2>/dev/null | grep -E '^(insmod|builtin) ' | tail -n 1)
  case $last in
    'builtin '*) return 0 ;;
    'insmod '*)
      last=${last#insmod }
      last=${last%% *}
      last=${last##*/}
      module_shown "${last%%.ko*}"
      ;;
    *) return 1 ;;
  esac
}

# module_shown NAME: the kernel has `_` where names of files may have `-`.
module_shown() {
  [ -d "$ROOT/sys/module/$(printf '%s' "$1" | tr - _)" ]
}
