# Records: what became of each target, for `status` and metrics. Files TARGET.KIND, and TARGET.KIND.failed after a failure.

# record TARGET KIND ID [SET]: what `status` is told; SET is its description where it was stored just now.
record() {
  {
    say "id $3"
    say "at $(seconds_of "$3")"
    say "seen $(date +%s)"
    if [ -n "${4-}" ]; then
      say "keys $(value totalKeys "$4")"
      say "bytes $(value bytes "$4")"
      say "state $(value sha256 "$4")"
    elif [ "$(sed -n 's/^id //p' "$RECORDS/$1.$2" 2>/dev/null)" = "$3" ]; then
      grep -E '^(keys|bytes|state) ' "$RECORDS/$1.$2"
    fi
  } >"$WORK/record"
  mv "$WORK/record" "$RECORDS/$1.$2"
  rm -f "$RECORDS/$1.$2.failed"
}

# failed TARGET KIND: REASON is told and kept.
failed() {
  say "failed $1 $REASON"
  printf 'at %s\nreason %s\n' "$(date +%s)" "$REASON" >"$WORK/record"
  mv "$WORK/record" "$RECORDS/$1.$2.failed"
  FAILED=yes
}

# forget_former: records of targets that are not configured any more go, and what repositories they had.
forget_former() {
  local file name
  for file in "$RECORDS"/*.data "$RECORDS"/*.state "$RECORDS"/*.failed "$KNOWN"/*; do
    [ -e "$file" ] || continue
    name=${file##*/}
    if ! targets | grep -qxF -- "${name%%.*}"; then
      rm -f "$file"
    fi
  done
}
