# Devices that are to be given to something: only those that hold nothing.

# disk_empty DEVICE: returns 1 with FAILURE set where it is not there or may hold something: a signature, partitions, a user, or bytes at
# its beginning (1 MiB) that no tool knows.
disk_empty() {
  local device found
  device=$ROOT$1
  if [ ! -e "$device" ]; then
    FAILURE="there is no device $1"
    return 1
  fi
  found=$(blkid -p -o value -s TYPE -s PTTYPE "$device" 2>/dev/null | tr '\n' ' ')
  if [ -n "$found" ]; then
    FAILURE="$1 holds ${found% }"
  elif [ "$(lsblk -n -r -o NAME "$device" 2>/dev/null | wc -l)" -gt 1 ]; then
    FAILURE="$1 has partitions or volumes"
  elif ! cmp -s -n 1048576 "$device" /dev/zero; then
    FAILURE="$1 holds bytes that no tool knows"
  else
    return 0
  fi
  FAILURE="$FAILURE, and nothing is made over data; if it may go, run \`blkdiscard -z $1\` on the host, \
or \`wipefs -a $1\` and \`dd if=/dev/zero of=$1 bs=1M count=1\`"
  return 1
}
