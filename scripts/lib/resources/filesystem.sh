# Resource: a filesystem on a device that holds nothing. It is never made over data and never taken away.

# resource_filesystem VERB DEVICE TYPE LABEL
resource_filesystem() {
  local found error
  case $1 in
    differs | make)
      found=$(blkid -p -o value -s TYPE "$ROOT$2" 2>/dev/null)
      if [ "$found" = "$3" ]; then
        if [ "$1" = make ]; then return 0; fi
        return 1
      fi
      REASON="has no filesystem"
      if [ -n "$found" ]; then
        REASON="holds $found, expected $3"
      fi
      if [ "$1" = differs ]; then
        return 0
      fi
      disk_empty "$2" || return 1
      if ! command -v "mkfs.$3" >/dev/null; then
        FAILURE="there is no mkfs.$3 on this host; add its package to the role"
        return 1
      fi
      if ! error=$(timeout 1800 "mkfs.$3" ${4:+-L "$4"} "$ROOT$2" 2>&1 </dev/null); then
        FAILURE="cannot make the filesystem on $2: ${error##*"$NEWLINE"}"
        return 1
      fi
      ;;
  esac
}
