# Installs plinth-reader on this host, and the scripts for facts and workloads that it runs. Scripts of other versions stay: previews by other
# versions of Plinth ask for them. Run it as root; it may be run again. `reader`, `facts` and `workloads` print the texts, `DIGEST`
# is that of the facts script, `WORKLOADS_DIGEST` that of the other.
# PLINTH_ROOT: the directory under which everything is, for tests.

set -u
umask 022
folder=${PLINTH_ROOT:-}$READER_PATH

fail() {
  printf 'plinth-reader: cannot write %s (is this running as root, and is there room?)\n' "$folder" >&2
  exit 1
}

# put FUNCTION NAME MODE: writes what the function prints, in one step.
put() {
  { "$1" >"$folder/.new-$2" && chmod "$3" "$folder/.new-$2" && sync "$folder/.new-$2" && mv -f "$folder/.new-$2" "$folder/$2"; } || fail
}

mkdir -p "$folder" 2>/dev/null || fail
put facts "facts-$DIGEST" 0644
put workloads "facts-$WORKLOADS_DIGEST" 0644
put reader plinth-reader 0755
printf 'plinth-reader is installed. Keys with this in front of them in authorized_keys may read the facts of this host, and nothing else:\n%s\n' \
  "restrict,command=\"$READER_PATH/plinth-reader\""
