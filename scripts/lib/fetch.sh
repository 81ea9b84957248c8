# Fetch: binaries come over the network before anything on the host is touched. A binary lies at
# /opt/plinth/NAME/VERSION-<12 of its sha256>/NAME; beside it NAME.sha256 holds `SHA256 SIZE` once it has been verified.

# binary_directory NAME VERSION SHA: sets BINARY_DIR to where this version belongs, relative to /opt/plinth.
binary_directory() {
  bd_rest=${3#????????????}
  BINARY_DIR=$1/$2-${3%"$bd_rest"}
}

# fetch_all PLAN: downloads what is not there yet. Returns 1 with FAILURE set.
fetch_all() {
  while read -r fa_kind fa_name fa_version fa_sha fa_url _; do
    if [ "$fa_kind" = binary ]; then
      fetch "$fa_name" "$fa_version" "$fa_sha" "$fa_url" || return 1
    fi
  done <"$1"
}

# binary_verified FILE SHA: whether it was verified when it came and still has that size.
binary_verified() {
  if [ ! -f "$1" ] || [ ! -f "$1.sha256" ]; then
    return 1
  fi
  read -r bv_sha bv_size <"$1.sha256" || return 1
  [ "$bv_sha" = "$2" ] && [ "$(stat -c %s "$1")" = "$bv_size" ]
}

# fetch NAME VERSION SHA URL
fetch() {
  binary_directory "$1" "$2" "$3"
  fe_dir=$OPT/$BINARY_DIR
  fe_file=$fe_dir/$1
  if binary_verified "$fe_file" "$3"; then
    return 0
  fi
  for fe_old in "$OPT/.download".*; do
    rm -f "$fe_old"
  done
  fe_temp=$OPT/.download.$$
  say "fetching $1 $2"
  if ! { (umask 022 && mkdir -p "$fe_dir") && : >"$fe_temp"; }; then
    FAILURE="cannot write under $OPT"
    return 1
  fi
  # In the background and waited for, so that an interrupt is heard at once; without the lock's descriptor, so that a
  # download that outlives a killed run does not hold the lock.
  curl --fail --silent --show-error --location --connect-timeout 10 --speed-limit 1024 --speed-time 30 \
    --max-time "${PLINTH_FETCH_SECONDS:-900}" --retry 3 --retry-delay 1 --retry-connrefused --retry-max-time 60 \
    --output "$fe_temp" "$4" 2>"$STAGE/curl.error" </dev/null 9>&- &
  fe_pid=$!
  trap 'kill "$fe_pid" 2>/dev/null; rm -f "$fe_temp"; exit 143' TERM INT
  wait "$fe_pid"
  fe_code=$?
  trap 'exit 130' INT
  trap 'exit 143' TERM
  if [ "$fe_code" != 0 ]; then
    fe_error=
    while read -r fe_line; do
      fe_error=$fe_line
    done <"$STAGE/curl.error"
    rm -f "$fe_temp"
    rmdir "$fe_dir" "${fe_dir%/*}" 2>/dev/null
    FAILURE="cannot fetch $1 $2 from $4: ${fe_error:-curl ended with $fe_code}; check that the host reaches that address, then run again"
    return 1
  fi
  fe_got=$(sha256sum "$fe_temp")
  fe_got=${fe_got%% *}
  if [ "$fe_got" != "$3" ]; then
    rm -f "$fe_temp"
    rmdir "$fe_dir" "${fe_dir%/*}" 2>/dev/null
    FAILURE="what came from $4 is not $1 $2: expected sha256 $3, got $fe_got; it was thrown away"
    return 1
  fi
  fe_size=$(stat -c %s "$fe_temp")
  if ! { chmod 0755 "$fe_temp" && sync "$fe_temp" && mv -fT "$fe_temp" "$fe_file" && sync "$fe_dir" &&
    printf '%s %s\n' "$3" "$fe_size" | write_atomic "$fe_file.sha256" 0644; }; then
    FAILURE="cannot store $1 $2 in $fe_dir"
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
