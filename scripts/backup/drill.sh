# The record of a restore drill.

# drill: the record on standard input. Whatever does not look like one is not kept: it is read by others, and printed.
drill() {
  local at
  head -c 4096 >"$WORK/record" || die 1 "cannot write below $RECORDS: is the disk full?"
  # No control characters, for a start.
  if [ "$(tr -d '\000-\011\013-\037\177' <"$WORK/record" | wc -c)" -ne "$(wc -c <"$WORK/record")" ] || ! awk '
    NR == 1 && !/^at [0-9]+$/ { bad = 1 }
    NR == 2 && !/^seconds [0-9]+$/ { bad = 1 }
    NR == 3 && !/^result (ok|failed)$/ { bad = 1 }
    NR == 4 && !/^set (-|[0-9]+T[0-9]+Z-[A-Za-z0-9._-]+)$/ { bad = 1 }
    NR == 5 && !/^reason ./ { bad = 1 }
    NR == 3 { failed = $2 == "failed" }
    length($0) > 1300 || NR <= 2 && length($2) > 12 || NR == 4 && length($2) > 100 { bad = 1 }
    END { exit bad || NR != (failed ? 5 : 4) }
  ' "$WORK/record"; then
    die 65 "what was sent is not the record of a restore drill"
  fi
  at=$(sed -n 's/^at //p' "$WORK/record")
  [ "$at" -le $(($(date +%s) + AHEAD)) ] || die 65 "the drill ended in the future: compare the clock of the operator's machine with this host's"
  chmod 0600 "$WORK/record"
  mv "$WORK/record" "$RECORDS/drill" || die 1 "cannot write below $RECORDS: is the disk full?"
  say recorded
}
