# What the host script says of this host: its claim, bundles, units, and what is not as it was left.

# report COMMAND…: runs `plinth-host status` by that command.
report() {
  # Programs that the script calls may have a word, too.
  "$@" 2>&1 | awk '
    /^\{/ { found = $0 }
    { last = $0 }
    END { print found != "" ? "report " found : "report-failed " (last == "" ? "no answer" : last) }'
}

# drop_ins: files that change units besides their own.
drop_ins() {
  local file
  for file in "$ROOT$UNITS_PATH"/*.d/*.conf "$ROOT"/run/systemd/system/*.d/*.conf; do
    if [ -e "$file" ]; then
      printf 'drop-in %s\n' "${file#"$ROOT"}"
    fi
  done
}
