#!/bin/sh
# Makes the disk of a host: an overlay over the base image where the file system can, else a full copy of it.
# Usage: make-disk.sh BASE-ROOT HOST-DIRECTORY, in a private mount namespace. All or nothing: HOST-DIRECTORY/disk appears
# when it is complete. It holds either upper/, work/ and var/, or root/.
set -eu

base=$1 host=$2
new=$host/disk.new
# Left by a run that was interrupted; the caller holds the lab's lock.
rm -rf "$new"
mkdir -p "$new/upper" "$new/work"
if mount -t overlay -o "lowerdir=$base,upperdir=$new/upper,workdir=$new/work" overlay /mnt 2>/dev/null; then
  umount /mnt
  cp -a --reflink=auto "$base/var" "$new/var"
else
  rm -rf "$new/upper" "$new/work"
  mkdir "$new/root"
  cp -a --reflink=auto "$base/." "$new/root/"
fi
mv -T "$new" "$host/disk"
