# Resource: where packages come from, which must be known before they are installed. What was at its place before is kept beside the memory
# of it; `before` tells `there` or `absent`.

# resource_source VERB PATH TEXT: a file of apt, dnf or zypper.
resource_source() {
  local path
  path=$ROOT$2
  case $1 in
    differs) text_differs "$path" "$3" "is missing" ;;
    before)
      before_path source "$2"
      if [ -e "$path" ]; then
        mkdir -p "$STATE/before" && cp -aT "$path" "$BEFORE_PATH.copy" && sync "$STATE/before" && echo there
      else
        echo absent
      fi
      ;;
    make) mkdir -p "${path%/*}" && printf '%s\n' "$3" | write_atomic "$path" 0644 && source_read "$2" ;;
    drop)
      before_path source "$2"
      temporary "$path"
      if [ "$BEFORE" = there ]; then
        cp -aT "$BEFORE_PATH.copy" "$TEMPORARY" && mv -fT "$TEMPORARY" "$path"
      else
        rm -f "$path"
      fi
      ;;
  esac
}

# source_read PATH: apt knows the packages of a source once it has fetched the list of it; others look by themselves. Returns 1 with
# FAILURE set.
source_read() {
  local error
  case $1 in
    *.sources | *.list) ;;
    *) return 0 ;;
  esac
  package_manager_find
  if ! error=$(package_manager apt-get -q -y -o "Dir::Etc::sourcelist=$ROOT$1" -o Dir::Etc::sourceparts=- -o APT::Get::List-Cleanup=0 \
    -o DPkg::Lock::Timeout=120 -o Acquire::Retries=2 -o Acquire::http::Timeout=20 -o APT::Update::Error-Mode=any update 2>&1 </dev/null); then
    FAILURE="cannot read the packages of $1: $(printf '%s' "$error" | grep -v '^$' | tail -n 1 | sed 's|://[^/@ ]*@|://|g'); \
see that the host reaches that repository, then run again"
    return 1
  fi
}
