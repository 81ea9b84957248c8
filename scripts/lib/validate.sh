# Validations: programs that judge one file each before it takes the old one's place, on a copy in the stage. Asked only of files that are
# about to be written. In words, `%045`, a lone %, is the path of the copy.
#
# A program may look further than at the file: for users that it names, at files that it includes. What the bundle itself is about to bring
# of that is not there at first, so a refusal is not the last word
#   first   before anything is changed: while packages, groups or users are yet to be made
#   early   once those are there, before any file is written: while other files are yet to be written, and the old file is refused, too
#   late    once files are written, before any unit starts: asked of those that were refused till then
# Where the old file is fine, or there is none, the new one never takes its place unjudged.

VALIDATED=                                 # the plan whose files are judged; nothing where what comes has been judged in its time
DEFERRED=                                  # files that are judged once more, late

# validations_run first|early|late: returns 1 with FAILURE set when one refuses.
validations_run() {
  local kind path seconds words source owner mode op a b deferred
  deferred=$DEFERRED DEFERRED=
  if [ -z "$VALIDATED" ]; then
    return 0
  fi
  while read -r kind path seconds words; do
    if [ "$kind" != validate ]; then
      continue
    fi
    # shellcheck disable=SC2086 # a list of words
    if [ "$1" = late ] && ! has_word "$path" $deferred; then
      continue
    fi
    source=
    while read -r op a b mode owner; do
      if [ "$op" = write ] && [ "$b" = "$path" ]; then
        source=$a
        break
      fi
    done <"$STAGE/ops"
    case $source in
      '') continue ;;
      /*) ;;
      *) source=$STAGE/$source ;;
    esac
    if validate_file new "$path" "$source" "$mode" "$owner" "$seconds" "$words"; then
      continue
    fi
    validation_final "$1" "$path" "$mode" "$owner" "$seconds" "$words" || return 1
    FAILURE=
  done <"$VALIDATED"
}

# validation_final first|early|late PATH MODE OWNER SECONDS WORDS: returns 1 where the refusal in FAILURE is the last word.
validation_final() {
  local refusal old
  if [ "$1" = first ] && grep -qE '^(package|group|account) ' "$STAGE/resources"; then
    return 0
  fi
  case $FAILURE in *" is not on this host") return 1 ;; esac
  refusal=$FAILURE old=
  if [ "$1" != late ] && [ -f "$ROOT$2" ] && ! validate_file old "$2" "$ROOT$2" "$3" "$4" "$5" "$6"; then
    old="; it refuses the $2 that is there now, too, so look for the cause elsewhere on this host as well"
  fi
  FAILURE=$refusal$old
  if [ -z "$old" ] || ! validation_others "$2"; then
    return 1
  fi
  DEFERRED="$DEFERRED $2"
}

# validation_others PATH: whether files but PATH are to change.
validation_others() {
  awk -v path="$1" '
    $1 == "write" && $3 != path || $1 == "symlink" || ($1 == "remove" || $1 == "delete") && $2 != path { found = 1; exit }
    END { exit !found }' "$STAGE/ops"
}

# validate_file new|old PATH SOURCE MODE OWNER SECONDS WORDS
validate_file() {
  local which path copy seconds count code last
  which=$1 path=$2 copy=$STAGE/validate seconds=$6
  FAILURE="cannot write under $RUN"
  install -T -m "$4" -o "${5%:*}" -g "${5#*:}" "$3" "$copy" 2>/dev/null || install -T -m 0600 "$3" "$copy" || return 1
  set -f
  # shellcheck disable=SC2086 # the plan's words
  set -- $7
  set +f
  count=$#
  while [ "$count" -gt 0 ]; do
    if [ "$1" = %045 ]; then
      WORD=$copy
    else
      word_decode "$1"
    fi
    shift
    set -- "$@" "$WORD"
    count=$((count - 1))
  done
  if ! command -v "$1" >/dev/null; then
    FAILURE="$1, which is to judge $path, is not on this host"
    return 1
  fi
  timeout -k 5 "$seconds" "$@" >"$STAGE/validate.out" 2>&1 </dev/null
  code=$?
  rm -f "$copy"
  if [ "$code" = 0 ]; then
    FAILURE=
    return 0
  fi
  FAILURE="$1 refuses the $which $path"
  if [ "$code" = 124 ]; then
    FAILURE="$1 has not judged the $which $path within $seconds s"
  elif ! grep -q "^file $path .* secret\$" "$VALIDATED"; then
    # Errors come first in some programs and last in others; what follows the path is worth most.
    last=$(awk -v copy="$copy" -v path="$path" '
      NF { while ((at = index($0, copy)) > 0) $0 = substr($0, 1, at - 1) path substr($0, at + length(copy))
        gsub(/[\001-\037]/, " ")
        if (++n <= 3) text = text (n > 1 ? "; " : "") $0 }
      END { print substr(text, 1, 600) }' "$STAGE/validate.out")
    FAILURE="$FAILURE: ${last:-it ended with $code and said nothing}"
  fi
  return 1
}
