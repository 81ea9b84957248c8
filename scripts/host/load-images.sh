#!/bin/sh
# load-images [--check] DIRECTORY
#
# Gives containerd the image archives (*.tar) of DIRECTORY, each once, and keeps their images from being collected. An
# image remembers by a label which archive it came from and that archive's size and time: an archive that has changed
# is imported anew, and the images of one that is gone may be collected again. With --check it changes nothing and fails
# with one sentence when an archive has not been imported.
set -u
export LC_ALL=C

label=plinth.archive
pinned=io.cri-containerd.pinned

ctr() {
  timeout 600 /opt/plinth/bin/ctr --namespace k8s.io images "$@"
}

# mark_of FILE: what the label holds.
mark_of() {
  stat -c "${1##*/}@%s-%Y" "$1"
}

# is_loaded MARK
is_loaded() {
  il_images=$(ctr ls --quiet "labels.\"$label\"==\"$1\"") && [ -n "$il_images" ]
}

# unpin_others MARK…: lets go of images that came from none of these.
unpin_others() {
  ctr ls "labels.\"$label\"" | awk -v label="$label" -v wanted="$*" '
    BEGIN { n = split(wanted, marks, " "); for (i = 1; i <= n; i++) keep[marks[i]] = 1 }
    NR > 1 {
      n = split($NF, labels, ",")
      for (i = 1; i <= n; i++) if (index(labels[i], label "=") == 1 && !(substr(labels[i], length(label) + 2) in keep)) print $1
    }' | while read -r uo_image; do
    echo "$uo_image is no longer among the archives: it may be collected"
    ctr label "$uo_image" "$label=" "$pinned=" >/dev/null
  done
}

check=
if [ "${1-}" = --check ]; then
  check=yes
  shift
fi
directory=${1:?"usage: load-images [--check] DIRECTORY"}

set --
for archive in "$directory"/*.tar; do
  if [ ! -e "$archive" ]; then
    continue
  fi
  mark=$(mark_of "$archive") || exit 1
  set -- "$@" "$mark"
  if is_loaded "$mark"; then
    continue
  fi
  if [ -n "$check" ]; then
    echo "$archive has not been imported"
    exit 1
  fi
  echo "importing $archive"
  if ! ctr import --label "$label=$mark" --label "$pinned=pinned" "$archive"; then
    echo "$archive could not be imported: is it an image archive for this machine's architecture?" >&2
    exit 1
  fi
  if ! is_loaded "$mark"; then
    echo "$archive holds no image with a name" >&2
    exit 1
  fi
done
if [ -z "$check" ]; then
  unpin_others "$@"
fi
