# Resource: a volume group of LVM on devices that hold nothing. It is never taken away.

# resource_volumegroup VERB NAME DEVICES (by commas)
resource_volumegroup() {
  local device has missing error
  case $1 in
    differs | make) ;;
    *) return 0 ;;
  esac
  if ! command -v vgs >/dev/null; then
    REASON="there is no LVM on this host"
    FAILURE="$REASON; add packageInstalled(\"lvm2\") to the role"
    [ "$1" = differs ]
    return
  fi
  has=$(vgs --noheadings -o pv_name "$2" 2>/dev/null | tr -d ' ')
  missing=
  for device in $(printf '%s' "$3" | tr , ' '); do
    # What a name of /dev/disk leads to is what LVM tells.
    if ! printf '%s\n' "$has" | grep -qxF -e "$device" -e "$(readlink -f "$device")"; then
      missing="$missing $device"
    fi
  done
  if [ -n "$has" ] && [ -z "$missing" ]; then
    [ "$1" = make ]
    return
  fi
  if [ -z "$has" ]; then REASON="is missing"; else REASON="lacks$missing"; fi
  if [ "$1" = differs ]; then
    return 0
  fi
  for device in $missing; do
    # One that a killed run has prepared is nobody's yet.
    if [ "$(pvs --noheadings -o vg_name "$device" 2>/dev/null | tr -d ' ')x" = x ] && pvs "$device" >/dev/null 2>&1; then
      continue
    fi
    disk_empty "$device" || return 1
  done
  # shellcheck disable=SC2086 # a list of devices
  if [ -z "$has" ]; then
    error=$(timeout 120 vgcreate -q "$2" $missing 2>&1 </dev/null)
  else
    error=$(timeout 120 vgextend -q "$2" $missing 2>&1 </dev/null)
  fi || {
    FAILURE="cannot make the volume group $2: ${error##*"$NEWLINE"}"
    return 1
  }
}
