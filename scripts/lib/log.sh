# Log: one-sentence messages on stderr, each beginning with the host's name; pieces of JSON for stdout.

HOST=            # the claimed name, else the kernel's

# host_name: sets HOST once it is needed and not known from the claim.
host_name() {
  if [ -z "$HOST" ]; then
    HOST=$(uname -n)
  fi
}

# say TEXT: a line for the operator. A closed stderr (lost connection) must not stop the work.
say() {
  host_name
  printf '%s: %s\n' "$HOST" "$1" >&2 2>/dev/null || :
}

# die CODE TEXT: ends the script; the EXIT trap cleans up.
die() {
  say "$2"
  exit "$1"
}

# json_list WORD…: sets JSON to a JSON array. Words hold no quotes, backslashes or control characters (the stream's
# parser refuses them), so they need no escapes.
json_list() {
  local word
  JSON=
  for word in "$@"; do
    JSON="$JSON${JSON:+,}\"$word\""
  done
  JSON="[$JSON]"
}

# json_text: escapes free text from stdin to one JSON string on stdout.
json_text() {
  awk '
    { gsub(/\\/, "\\\\"); gsub(/"/, "\\\""); gsub(/\t/, "\\t"); gsub(/[\001-\037]/, " ")
      text = text (NR > 1 ? "\\n" : "") $0 }
    END { printf "\"%s\"", text }'
}

# uptime_seconds: sets UPTIME to whole seconds of a clock that no one sets; deadlines are counted on it.
uptime_seconds() {
  read -r UPTIME _ </proc/uptime
  UPTIME=${UPTIME%%.*}
}

# has_word WORD LIST…: whether WORD is one of the others.
has_word() {
  local word other
  word=$1
  shift
  for other in "$@"; do
    if [ "$other" = "$word" ]; then
      return 0
    fi
  done
  return 1
}
