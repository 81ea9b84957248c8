# Changes a host by hand, for a test of a role: fed to a shell there as root, and never installed. Arguments: words VERB:THING with
# `append:PATH`, `remove:PATH`, `mode:PATH`, `stop:UNIT`.

set -e
for word in "$@"; do
  thing=${word#*:}
  case $word in
    append:*) printf '# changed by hand\n' >>"$thing" ;;
    remove:*) rm "$thing" ;;
    mode:*) chmod o+x "$thing" ;;
    stop:*) systemctl stop "$thing" ;;
  esac
done
