# Fetch: what comes over the network comes before anything on the host is touched. A binary lies at
# /opt/plinth/NAME/VERSION-<12 of its sha256>/NAME; beside it NAME.sha256 holds `SHA256 SIZE` once it has been verified.
# Another download waits in DOWNLOADS, verified, until `files_write` moves it to its path.

REFETCHED=                              # binaries in use whose bytes were wrong and have been replaced, by path
DOWNLOADS=                              # where downloads wait, once this run has some
DOWNLOAD_COUNT=0

# binary_directory NAME VERSION SHA: sets BINARY_DIR to where this version belongs, relative to /opt/plinth.
binary_directory() {
  local rest
  rest=${3#????????????}
  BINARY_DIR=$1/$2-${3%"$rest"}
}

# fetch_all PLAN: downloads what is not there yet, and makes a `file` with a verified source of every `download` in PLAN.
# Returns 1 with FAILURE set.
fetch_all() {
  local old doubt downloads kind a b c d e
  # What killed runs have left; this run holds the lock. One of their downloads may still be under way: names are not
  # used again.
  for old in "$STATE/downloads" "$OPT/.download".*; do
    if [ -e "$old" ]; then
      rm -rf "$old"
    fi
  done
  downloads='' doubt=
  if bundle_changes; then
    doubt=yes
  fi
  while read -r kind a b c d e _; do
    case $kind in
      binary) fetch_binary "$a" "$b" "$c" "$d" "$doubt" || return 1 ;;
      download)
        downloads=yes
        fetch_download "$a" "$d" "$e" || return 1
        ;;
    esac
  done <"$1"
  if [ -n "$downloads" ]; then
    FAILURE="cannot write under $RUN"
    awk -v fetched="$STAGE/fetched" '
      BEGIN { while ((getline line < fetched) > 0) { split(line, f, " "); source[f[1]] = f[2] } }
      $1 == "download" { print "file", $2, $3, $4, "=" $5 ":" source[$2], $7, $8, "download"; next }
      { print }' "$1" >"$STAGE/plan-fetched" && mv -f "$STAGE/plan-fetched" "$1"
  fi
}

# binary_verified FILE SHA: whether it was verified when it came and still has that size.
binary_verified() {
  local sha size
  if [ ! -f "$1" ] || [ ! -f "$1.sha256" ]; then
    return 1
  fi
  read -r sha size <"$1.sha256" || return 1
  [ "$sha" = "$2" ] && [ "$(stat -c %s "$1")" = "$size" ]
}

# binary_right FILE SHA: looks at the bytes of a file that is there.
binary_right() {
  digest "$1" && [ "$DIGEST" = "$2" ]
}

# bundle_changes: whether this run asks for another generation than the one that is here. Generations are raised to repair a
# host, so binaries that are here are read and verified again then.
bundle_changes() {
  local here kind value
  here=
  if [ -e "$STATE/bundles/$BUNDLE/manifest" ]; then
    while read -r kind value; do
      if [ "$kind" = generation ]; then
        here=$value
        break
      fi
    done <"$STATE/bundles/$BUNDLE/manifest"
  fi
  [ "$here" != "$GENERATION" ]
}

# binary_replaced NAME VERSION SHA: notes with every bundle that has this binary in use that its units run wrong bytes,
# perhaps; the note stays until they have been restarted.
binary_replaced() {
  local home
  for home in "$STATE/bundles"/*; do
    if [ -e "$home/manifest" ] && grep -qF "binary $1 $2 $3 " "$home/manifest"; then
      { if [ -e "$home/replaced" ]; then cat "$home/replaced"; fi && printf '%s\n' "$1"; } >"$STAGE/replaced" &&
        write_atomic "$home/replaced" 0600 <"$STAGE/replaced" || return 1
      REFETCHED="$REFETCHED $SOFTWARE_PATH/$BINARY_DIR/$1"
    fi
  done
}

# fetch_binary NAME VERSION SHA URL [yes]: `yes`: the bytes of one that is here are looked at.
fetch_binary() {
  local dir file temp size
  binary_directory "$1" "$2" "$3"
  dir=$OPT/$BINARY_DIR
  file=$dir/$1
  if binary_verified "$file" "$3" && { [ -z "$5" ] || binary_right "$file" "$3"; }; then
    if [ "$(stat -c %a "$file")" != 755 ] && ! chmod 0755 "$file"; then
      FAILURE="cannot make $file executable"
      return 1
    fi
    return 0
  fi
  temp=$OPT/.download.$$
  if ! { (umask 022 && mkdir -p "$dir") && : >"$temp"; }; then
    FAILURE="cannot write under $OPT"
    return 1
  fi
  if ! fetch "$1 $2" "$3" "$4" "$temp"; then
    rmdir "$dir" "${dir%/*}" "$OPT" 2>/dev/null
    return 1
  fi
  size=$(stat -c %s "$temp")
  if ! binary_replaced "$1" "$2" "$3"; then
    FAILURE="cannot write under $STATE"
    return 1
  fi
  if ! { chmod 0755 "$temp" && sync "$temp" && mv -fT "$temp" "$file" && sync "$dir" &&
    printf '%s %s\n' "$3" "$size" | write_atomic "$file.sha256" 0644; }; then
    FAILURE="cannot store $1 $2 in $dir"
    return 1
  fi
  contexts_restore "$OPT" "${dir%/*}" "$dir" "$file"
}

# fetch_download PATH SHA URL: notes in STAGE/fetched where the content of PATH is: at PATH itself, or in DOWNLOADS.
fetch_download() {
  local file
  if [ -f "$ROOT$1" ] && digest "$ROOT$1" && [ "$DIGEST" = "$2" ]; then
    printf '%s\n' "$1 $ROOT$1" >>"$STAGE/fetched"
    return 0
  fi
  # On a disk, for it may be larger than the memory.
  DOWNLOADS=$STATE/downloads
  DOWNLOAD_COUNT=$((DOWNLOAD_COUNT + 1))
  file=$DOWNLOADS/$$.$DOWNLOAD_COUNT
  if ! mkdir -p "$DOWNLOADS"; then
    FAILURE="cannot write under $STATE"
    return 1
  fi
  fetch "$1" "$2" "$3" "$file" && printf '%s\n' "$1 $file" >>"$STAGE/fetched"
}

# fetch WHAT SHA URL FILE: downloads URL to FILE and verifies it; FILE is gone when that fails.
fetch() {
  local pid file code error line
  say "fetching $1"
  # In the background and waited for, so that an interrupt is heard at once; without the lock's descriptor, so that a
  # download that outlives a killed run does not hold the lock.
  direct_exec --fail --silent --show-error --location --connect-timeout 10 --speed-limit 1024 --speed-time 30 \
    --max-time "${PLINTH_FETCH_SECONDS:-900}" --retry 3 --retry-delay 1 --retry-connrefused --retry-max-time 60 \
    --output "$4" "$3" 2>"$STAGE/curl.error" </dev/null 8>&- 9>&- &
  pid=$!
  file=$4
  trap 'kill "$pid" 2>/dev/null; rm -f "$file"; exit 143' TERM INT
  wait "$pid"
  code=$?
  trap 'exit 130' INT
  trap 'exit 143' TERM
  if [ "$code" != 0 ]; then
    error=
    while read -r line; do
      error=$line
    done <"$STAGE/curl.error"
    rm -f "$4"
    FAILURE="cannot fetch $1 from $3: ${error:-curl ended with $code}; check that the host reaches that address, then run again"
    return 1
  fi
  if ! digest "$4"; then
    rm -f "$4"
    FAILURE="cannot read again what was fetched of $1 from $3; it was thrown away"
    return 1
  fi
  if [ "$DIGEST" != "$2" ]; then
    rm -f "$4"
    FAILURE="what came from $3 is not $1: expected sha256 $2, got $DIGEST; it was thrown away"
    return 1
  fi
}

# prune_binaries MANIFEST: removes versions that are neither in use nor the one before.
prune_binaries() {
  local kind name version sha current previous kind2 name2 dir
  while read -r kind name version sha _; do
    if [ "$kind" = binary ]; then
      binary_directory "$name" "$version" "$sha"
      current=$BINARY_DIR
      previous=
      while read -r kind2 name2 dir; do
        if [ "$kind2" = previous-binary ] && [ "$name2" = "$name" ]; then
          previous=$dir
        fi
      done <"$1"
      for dir in "$OPT/$name"/*; do
        case $dir in
          "$OPT/$current" | "$OPT/$previous") ;;
          *) rm -rf "$dir" ;;
        esac
      done
    fi
  done <"$1"
}
