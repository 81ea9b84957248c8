# What package managers of images share. The image's file `repository` has a line `PACKAGE COMMAND-OR-PATH` for each package; the test's
# file `fails` has a line `CODE TEXT` for each of the next installations, which end so.

printf '%s\n' "${0##*/} $*" >>"$PLINTH_FAKES/asked"

# fails: ends the tool where the test says so.
fails() {
  if [ -s "$PLINTH_FAKES/fails" ]; then
    read -r code text <"$PLINTH_FAKES/fails"
    sed -i 1d "$PLINTH_FAKES/fails"
    printf '%s\n' "$text"
    # News of zypper: it has installed all the same.
    case $code in
      10[01235679]) bring "$1" ;;
    esac
    exit "$code"
  fi
}

# bring PACKAGE: what it has is there. Returns 1 where the distribution has no such package.
bring() {
  while read -r package thing; do
    if [ "$package" = "$1" ]; then
      case $thing in
        /*) mkdir -p "$PLINTH_ROOT${thing%/*}" && : >"$PLINTH_ROOT$thing" ;;
        *)
          # By another name: the machine that runs the tests may have the command itself.
          printf '#!/bin/sh\n' >"$PLINTH_FAKES/bin/image-$thing"
          chmod +x "$PLINTH_FAKES/bin/image-$thing"
          ;;
      esac
      return 0
    fi
  done <"$PLINTH_FAKES/repository"
  return 1
}
