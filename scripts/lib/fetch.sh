# Fetch: what comes over the network comes before anything on the host is touched. A binary lies at
# /opt/plinth/NAME/VERSION-<12 of its sha256>/NAME; beside it NAME.sha256 holds `SHA256 SIZE` once it has been verified.
# Another download waits in DOWNLOADS, verified, until `files_write` moves it to its path.

REFETCHED=                              # binaries in use whose bytes were wrong and have been replaced, by path
DOWNLOADS=                              # where downloads wait, once this run has some
DOWNLOAD_COUNT=0

# binary_directory NAME VERSION SHA: sets BINARY_DIR to where this version belongs, relative to /opt/plinth.
binary_directory() {
  bd_rest=${3#????????????}
  BINARY_DIR=$1/$2-${3%"$bd_rest"}
}

# fetch_all PLAN: downloads what is not there yet, and makes a `file` with a verified source of every `download` in PLAN.
# Returns 1 with FAILURE set.
fetch_all() {
  # What killed runs have left; this run holds the lock. One of their downloads may still be under way: names are not
  # used again.
  for fa_old in "$STATE/downloads" "$OPT/.download".*; do
    if [ -e "$fa_old" ]; then
      rm -rf "$fa_old"
    fi
  done
  fa_downloads='' fa_doubt=
  if bundle_changes; then
    fa_doubt=yes
  fi
  while read -r fa_kind fa_a fa_b fa_c fa_d fa_e _; do
    case $fa_kind in
      binary) fetch_binary "$fa_a" "$fa_b" "$fa_c" "$fa_d" || return 1 ;;
      download)
        fa_downloads=yes
        fetch_download "$fa_a" "$fa_d" "$fa_e" || return 1
        ;;
    esac
  done <"$1"
  if [ -n "$fa_downloads" ]; then
    FAILURE="cannot write under $RUN"
    awk -v fetched="$STAGE/fetched" '
      BEGIN { while ((getline line < fetched) > 0) { split(line, f, " "); source[f[1]] = f[2] } }
      $1 == "download" { print "file", $2, $3, $4, "=" $5 ":" source[$2], $7, $8, "download"; next }
      { print }' "$1" >"$STAGE/plan-fetched" && mv -f "$STAGE/plan-fetched" "$1"
  fi
}

# binary_verified FILE SHA: whether it was verified when it came and still has that size.
binary_verified() {
  if [ ! -f "$1" ] || [ ! -f "$1.sha256" ]; then
    return 1
  fi
  read -r bv_sha bv_size <"$1.sha256" || return 1
  [ "$bv_sha" = "$2" ] && [ "$(stat -c %s "$1")" = "$bv_size" ]
}

# binary_wrong FILE SHA: looks at the bytes. Returns 1 when they are right; else sets WRONG to what is not.
binary_wrong() {
  WRONG=
  if [ ! -f "$1" ]; then
    WRONG="is missing"
    return 0
  fi
  bw_sha=$(sha256sum "$1")
  if [ "${bw_sha%% *}" != "$2" ]; then
    WRONG="its sha256 is ${bw_sha%% *}, expected $2"
    return 0
  fi
  return 1
}

# bundle_changes: whether this run asks for another generation than the one that is here: whoever asks doubts what is here.
bundle_changes() {
  bc_here=
  if [ -e "$STATE/bundles/$BUNDLE/manifest" ]; then
    while read -r bc_kind bc_value; do
      if [ "$bc_kind" = generation ]; then
        bc_here=$bc_value
        break
      fi
    done <"$STATE/bundles/$BUNDLE/manifest"
  fi
  [ "$bc_here" != "$GENERATION" ]
}

# binary_replaced NAME VERSION SHA: notes with every bundle that has this binary in use that its units run wrong bytes,
# perhaps; the note stays until they have been restarted.
binary_replaced() {
  for br_home in "$STATE/bundles"/*; do
    if [ -e "$br_home/manifest" ] && grep -qF "binary $1 $2 $3 " "$br_home/manifest"; then
      { if [ -e "$br_home/replaced" ]; then cat "$br_home/replaced"; fi && printf '%s\n' "$1"; } >"$STAGE/replaced" &&
        write_atomic "$br_home/replaced" 0600 <"$STAGE/replaced" || return 1
      REFETCHED="$REFETCHED /opt/plinth/$BINARY_DIR/$1"
    fi
  done
}

# fetch_binary NAME VERSION SHA URL
fetch_binary() {
  binary_directory "$1" "$2" "$3"
  fb_dir=$OPT/$BINARY_DIR
  fb_file=$fb_dir/$1
  if binary_verified "$fb_file" "$3" && { [ -z "$fa_doubt" ] || ! binary_wrong "$fb_file" "$3"; }; then
    if [ "$(stat -c %a "$fb_file")" != 755 ] && ! chmod 0755 "$fb_file"; then
      FAILURE="cannot make $fb_file executable"
      return 1
    fi
    return 0
  fi
  fb_temp=$OPT/.download.$$
  if ! { (umask 022 && mkdir -p "$fb_dir") && : >"$fb_temp"; }; then
    FAILURE="cannot write under $OPT"
    return 1
  fi
  if ! fetch "$1 $2" "$3" "$4" "$fb_temp"; then
    rmdir "$fb_dir" "${fb_dir%/*}" "$OPT" 2>/dev/null
    return 1
  fi
  fb_size=$(stat -c %s "$fb_temp")
  if ! binary_replaced "$1" "$2" "$3"; then
    FAILURE="cannot write under $STATE"
    return 1
  fi
  if ! { chmod 0755 "$fb_temp" && sync "$fb_temp" && mv -fT "$fb_temp" "$fb_file" && sync "$fb_dir" &&
    printf '%s %s\n' "$3" "$fb_size" | write_atomic "$fb_file.sha256" 0644; }; then
    FAILURE="cannot store $1 $2 in $fb_dir"
    return 1
  fi
}

# fetch_download PATH SHA URL: notes in STAGE/fetched where the content of PATH is: at PATH itself, or in DOWNLOADS.
fetch_download() {
  if [ -f "$ROOT$1" ]; then
    fd_got=$(sha256sum "$ROOT$1")
    if [ "${fd_got%% *}" = "$2" ]; then
      printf '%s\n' "$1 $ROOT$1" >>"$STAGE/fetched"
      return 0
    fi
  fi
  # On a disk, for it may be larger than the memory.
  DOWNLOADS=$STATE/downloads
  DOWNLOAD_COUNT=$((DOWNLOAD_COUNT + 1))
  fd_file=$DOWNLOADS/$$.$DOWNLOAD_COUNT
  if ! mkdir -p "$DOWNLOADS"; then
    FAILURE="cannot write under $STATE"
    return 1
  fi
  fetch "$1" "$2" "$3" "$fd_file" && printf '%s\n' "$1 $fd_file" >>"$STAGE/fetched"
}

# fetch WHAT SHA URL FILE: downloads URL to FILE and verifies it; FILE is gone when that fails.
fetch() {
  say "fetching $1"
  # In the background and waited for, so that an interrupt is heard at once; without the lock's descriptor, so that a
  # download that outlives a killed run does not hold the lock.
  curl --fail --silent --show-error --location --connect-timeout 10 --speed-limit 1024 --speed-time 30 \
    --max-time "${PLINTH_FETCH_SECONDS:-900}" --retry 3 --retry-delay 1 --retry-connrefused --retry-max-time 60 \
    --output "$4" "$3" 2>"$STAGE/curl.error" </dev/null 9>&- &
  fe_pid=$!
  fe_file=$4
  trap 'kill "$fe_pid" 2>/dev/null; rm -f "$fe_file"; exit 143' TERM INT
  wait "$fe_pid"
  fe_code=$?
  trap 'exit 130' INT
  trap 'exit 143' TERM
  if [ "$fe_code" != 0 ]; then
    fe_error=
    while read -r fe_line; do
      fe_error=$fe_line
    done <"$STAGE/curl.error"
    rm -f "$4"
    FAILURE="cannot fetch $1 from $3: ${fe_error:-curl ended with $fe_code}; check that the host reaches that address, then run again"
    return 1
  fi
  fe_got=$(sha256sum "$4")
  fe_got=${fe_got%% *}
  if [ "$fe_got" != "$2" ]; then
    rm -f "$4"
    FAILURE="what came from $3 is not $1: expected sha256 $2, got $fe_got; it was thrown away"
    return 1
  fi
}

# prune_binaries MANIFEST: removes versions that are neither in use nor the one before.
prune_binaries() {
  while read -r pb_kind pb_name pb_version pb_sha _; do
    if [ "$pb_kind" = binary ]; then
      binary_directory "$pb_name" "$pb_version" "$pb_sha"
      pb_current=$BINARY_DIR
      pb_previous=
      while read -r pb_kind2 pb_name2 pb_dir; do
        if [ "$pb_kind2" = previous-binary ] && [ "$pb_name2" = "$pb_name" ]; then
          pb_previous=$pb_dir
        fi
      done <"$1"
      for pb_dir in "$OPT/$pb_name"/*; do
        case $pb_dir in
          "$OPT/$pb_current" | "$OPT/$pb_previous") ;;
          *) rm -rf "$pb_dir" ;;
        esac
      done
    fi
  done <"$1"
}
