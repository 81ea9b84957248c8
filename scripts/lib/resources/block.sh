# Resource: lines of a file that others own, between two marks. What else is in the file stays. `before` tells whether the file was there.

# resource_block VERB PATH#NAME PATH COMMENT JUDGE TEXT: COMMENT begins a comment there, JUDGE is a command that must take the new file,
# whose path stands in place of its word %.
resource_block() {
  local verb name path file
  verb=$1 name=${2##*#} path=$3
  # A link stays one: the file that it leads to has the lines.
  file=$(readlink -f "$ROOT$path") || file=$ROOT$path
  case $verb in
    differs)
      if [ ! -e "$file" ]; then
        REASON="the file is missing"
      elif block_text "$file" "$name" "$4" "$6" | cmp -s - "$file"; then
        return 1
      else
        REASON="its lines are missing or others"
      fi
      ;;
    before) if [ -e "$file" ]; then echo there; else echo absent; fi ;;
    make)
      block_whole "$file" "$name" "$4" "$path" && mkdir -p "${file%/*}" || return 1
      temporary "$file"
      if [ -e "$file" ]; then
        cp -aT "$file" "$TEMPORARY" || return 1
      else
        : >"$TEMPORARY" && chmod 0644 "$TEMPORARY" || return 1
      fi
      if ! { block_text "$file" "$name" "$4" "$6" >"$TEMPORARY" && block_judged "$path" "$TEMPORARY" "$5"; }; then
        rm -f "$TEMPORARY"
        return 1
      fi
      sync "$TEMPORARY" && mv -fT "$TEMPORARY" "$file" && sync "${file%/*}"
      ;;
    drop)
      if [ ! -e "$file" ]; then
        return 0
      fi
      block_whole "$file" "$name" "$4" "$path" || return 1
      temporary "$file"
      cp -aT "$file" "$TEMPORARY" && block_others "$file" "$name" "$4" >"$TEMPORARY" || return 1
      if [ ! -s "$TEMPORARY" ] && [ "$BEFORE" = absent ]; then
        rm -f "$TEMPORARY" "$file" && sync "${file%/*}"
      elif cmp -s "$TEMPORARY" "$file"; then
        rm -f "$TEMPORARY"
      else
        sync "$TEMPORARY" && mv -fT "$TEMPORARY" "$file" && sync "${file%/*}"
      fi
      ;;
  esac
}

# block_marks NAME COMMENT: sets BLOCK_BEGIN and BLOCK_END.
block_marks() {
  BLOCK_BEGIN="$2 plinth $1 begins: change it where the role is" BLOCK_END="$2 plinth $1 ends"
}

# block_whole FILE NAME COMMENT PATH: returns 1 with FAILURE set where one mark is there without the other.
block_whole() {
  local begins ends
  if [ ! -e "$1" ]; then
    return 0
  fi
  block_marks "$2" "$3"
  begins=$(grep -cxF -e "$BLOCK_BEGIN" "$1")
  ends=$(grep -cxF -e "$BLOCK_END" "$1")
  if [ "$begins" != "$ends" ]; then
    FAILURE="$4 has the line \"$BLOCK_BEGIN\" $begins times and \"$BLOCK_END\" $ends times, so where our lines end is not known; \
remove them by hand, then run again"
    return 1
  fi
}

# block_text FILE NAME COMMENT TEXT: prints FILE with TEXT between the marks, where they are, or at the end. A file that has no marks and
# no end of its last line gets one.
block_text() {
  block_marks "$2" "$3"
  block_filter "$1" "$4"
}

# block_others FILE NAME COMMENT: prints what is not ours.
block_others() {
  block_marks "$2" "$3"
  block_filter "$1" ''
}

# block_filter FILE TEXT: with the marks of `block_marks`. All of it comes by the environment, because awk reads escapes in its variables.
block_filter() {
  if [ -e "$1" ]; then cat "$1"; fi | PLINTH_BEGIN=$BLOCK_BEGIN PLINTH_END=$BLOCK_END PLINTH_TEXT=$2 awk '
    BEGIN { begin = ENVIRON["PLINTH_BEGIN"]; end = ENVIRON["PLINTH_END"]; text = ENVIRON["PLINTH_TEXT"] }
    function ours() { if (text != "" && !done) print begin "\n" text "\n" end; done = 1 }
    $0 == begin { ours(); inside = 1; next }
    inside { if ($0 == end) inside = 0; next }
    { print }
    END { ours() }'
}

# block_judged PATH FILE COMMAND: returns 1 with FAILURE set where the command does not take FILE.
block_judged() {
  local file path said count
  path=$1 file=$2
  if [ -z "$3" ]; then
    return 0
  fi
  set -f
  # shellcheck disable=SC2086 # words of a command, without quotes
  set -- $3
  set +f
  if ! command -v "$1" >/dev/null; then
    FAILURE="$1, which is to judge $path, is not on this host"
    return 1
  fi
  count=$#
  while [ "$count" -gt 0 ]; do
    if [ "$1" = % ]; then set -- "$@" "$file"; else set -- "$@" "$1"; fi
    shift
    count=$((count - 1))
  done
  if ! said=$(timeout -k 5 30 "$@" 2>&1 </dev/null); then
    FAILURE="$1 refuses the new $path: $(printf '%s' "$said" | grep . | head -n 3 | tr '\n' ' ' | sed "s|$file|$path|g")"
    return 1
  fi
}
