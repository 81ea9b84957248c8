# Texts and numbers: what programs say in one line, sizes, times, fields of descriptions.

# one_line TEXT: its last line that says something, without control characters and at most 300 characters long. restic's reason is what
# follows its last `Fatal:`, and goes on with where the repository is.
one_line() {
  printf '%s\n' "$1" | tr -d '\000-\010\013-\037\177' | awk '
    NF { line = $0 }
    /^Fatal: / { fatal = substr($0, 8) }
    END { if (fatal != "") line = fatal; print substr(line == "" ? "it said nothing" : line, 1, 300) }'
}

# size_text KIB: for people.
size_text() {
  awk -v kib="$1" 'BEGIN { if (kib >= 1048576) printf "%.1f GiB", kib / 1048576; else printf "%.0f MiB", kib / 1024 }'
}

# value KEY FILE: of a description in one line, a number or a word.
value() {
  sed -n 's/.*"'"$1"'":"\{0,1\}\([A-Za-z0-9._:-]*\).*/\1/p' "$2"
}

# seconds_of ID: when it was made, seconds since the epoch.
seconds_of() {
  date -u -d "$(say "$1" | sed 's/^\(....\)\(..\)\(..\)T\(..\)\(..\)\(..\)Z.*/\1-\2-\3T\4:\5:\6Z/')" +%s
}

digest_of() { sha256sum "$1" | sed 's/ .*//'; }

# free_at DIRECTORY: KiB; nothing where that cannot be told.
free_at() {
  df -Pk "$1" 2>/dev/null | awk 'NR == 2 { print $4 }'
}

# short ID: as restic shows it.
short() { printf '%.10s\n' "$1"; }
