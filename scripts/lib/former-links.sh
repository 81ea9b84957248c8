# Former links: hosts of an earlier release remember the symbolic links of roles as resources, with what was at their place in
# before/symlink%PATH.copy. From now on they are files like others.

# links_adopt: makes files of them, in all manifests. Can be done twice, and killed at any point. Returns 1 when it cannot be written.
links_adopt() {
  local manifest key saved
  for manifest in "$STATE/bundles"/*/manifest; do
    if ! [ -e "$manifest" ] || ! grep -q '^resource symlink ' "$manifest"; then
      continue
    fi
    awk '$1 == "resource" && $2 == "symlink" { print $3 }' "$manifest" >"$STAGE/links"
    # What was there before first: without the line nobody would look for it.
    while read -r key; do
      word_decode "$key"
      before_path symlink "$key"
      saved=$STATE/saved$WORD
      if [ -e "$BEFORE_PATH.copy" ] || [ -h "$BEFORE_PATH.copy" ]; then
        mkdir -p "${saved%/*}" && mv -fT "$BEFORE_PATH.copy" "$saved" && sync "${saved%/*}" || return 1
      fi
      rm -f "$BEFORE_PATH"
    done <"$STAGE/links"
    awk '$1 == "resource" && $2 == "symlink" { $0 = "file " $3 " - - link:" $7 " " $5 " " $6 " link" } { print }' \
      "$manifest" >"$STAGE/manifest-links" && write_atomic "$manifest" 0600 <"$STAGE/manifest-links" || return 1
  done
}
