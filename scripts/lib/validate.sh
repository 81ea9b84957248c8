# Validations: programs that judge one file each before it takes the old one's place, on a copy in the stage. Asked only of files that are
# about to be written. In words, `%045`, a lone %, is the path of the copy.

# validations_run [yes]: returns 1 with FAILURE set when one refuses. `yes`: programs that are not there yet are passed over.
validations_run() {
  local kind path seconds words source owner mode op a b
  while read -r kind path seconds words; do
    if [ "$kind" != validate ]; then
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
    validate_file "$1" "$path" "$source" "$mode" "$owner" "$seconds" "$words" || return 1
  done <"$STAGE/plan"
}

# validate_file yes|'' PATH SOURCE MODE OWNER SECONDS WORDS
validate_file() {
  local lenient path copy seconds count code last
  lenient=$1 path=$2 copy=$STAGE/validate seconds=$6
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
    [ -n "$lenient" ]
    return
  fi
  timeout -k 5 "$seconds" "$@" >"$STAGE/validate.out" 2>&1 </dev/null
  code=$?
  rm -f "$copy"
  if [ "$code" = 0 ]; then
    FAILURE=
    return 0
  fi
  FAILURE="$1 refuses the new $path"
  if [ "$code" = 124 ]; then
    FAILURE="$1 has not judged the new $path within $seconds s"
  elif ! grep -q "^file $path .* secret\$" "$STAGE/plan"; then
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
