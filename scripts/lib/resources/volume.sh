# Resource: a logical volume of LVM. It grows, with the filesystem on it, and never shrinks or goes.

# resource_volume VERB GROUP/NAME SIZE: bytes, or `N%`: of the group's room.
resource_volume() {
  local size error
  case $1 in
    differs | make) ;;
    *) return 0 ;;
  esac
  size=$(lvs --noheadings --nosuffix --units b -o lv_size "$2" 2>/dev/null | tr -d ' ')
  if [ -z "$size" ]; then
    REASON="is missing"
  else
    case $3 in
      *%)
        # A share was measured when it was made.
        [ "$1" = make ]
        return
        ;;
    esac
    if [ "$size" -ge "$3" ]; then
      [ "$1" = make ]
      return
    fi
    REASON="has $size bytes, expected $3"
  fi
  if [ "$1" = differs ]; then
    return 0
  fi
  if [ -n "$size" ]; then
    error=$(timeout 600 lvextend -q --resizefs --size "${3}b" "$2" 2>&1 </dev/null) ||
      error=$(timeout 600 lvextend -q --size "${3}b" "$2" 2>&1 </dev/null)
  else
    case $3 in
      *%) error=$(timeout 120 lvcreate -q -y -W n --extents "${3}VG" --name "${2#*/}" "${2%%/*}" 2>&1 </dev/null) ;;
      *) error=$(timeout 120 lvcreate -q -y -W n --size "${3}b" --name "${2#*/}" "${2%%/*}" 2>&1 </dev/null) ;;
    esac
  fi || {
    FAILURE="cannot make the volume $2: ${error##*"$NEWLINE"}"
    return 1
  }
}
