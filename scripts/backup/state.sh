# Sets of the stack's state, which operators make and members carry to targets.

# store DIGEST: the set on standard input.
store() {
  local target id free most
  # It is there twice for a moment.
  free=$(free_at "$WORK") most=$STATE_MOST
  if [ $(((${free:-0} - BESIDES) / 2)) -lt "$most" ]; then
    most=$(((${free:-0} - BESIDES) / 2))
  fi
  if [ "$most" -le 0 ]; then
    die 1 "$(size_text "${free:-0}") are free below ${RECORDS#"$ROOT"}, of which $(size_text "$BESIDES") are kept free: make room there"
  fi
  if ! mkdir "$WORK/set" || ! head -c $((most * 1024 + 1)) >"$WORK/input"; then
    die 1 "cannot write below $RECORDS: is the disk full?"
  fi
  if [ "$(wc -c <"$WORK/input")" -gt $((most * 1024)) ]; then
    die 65 "what was sent is larger than $(size_text "$most"), for which there is room"
  fi
  [ "$(digest_of "$WORK/input")" = "$1" ] || die 65 "what was sent did not arrive whole"
  sed -n 1p "$WORK/input" >"$WORK/set/set.json"
  id=$(value id "$WORK/set/set.json")
  case $(value kind "$WORK/set/set.json")-$id-$(value clusterId "$WORK/set/set.json") in
    state-[0-9]*T[0-9]*Z-*-"$(claimed cluster-id)") ;;
    *) die 65 "what was sent is not a set of this cluster's state" ;;
  esac
  tail -c +$(($(wc -c <"$WORK/set/set.json") + 1)) "$WORK/input" >"$WORK/set/content.age" || die 1 "cannot write below $RECORDS: is the disk full?"
  rm -f "$WORK/input"
  case $(head -c 21 "$WORK/set/content.age") in
    age-encryption.org/v1) ;;
    *) die 65 "what was sent is not sealed by age" ;;
  esac
  # shellcheck disable=SC2046 # a list of words
  ready state $(targets)
  for target in $READY; do
    if has "$target" "$id"; then
      record "$target" state "$id" "$WORK/set/set.json"
      say "there $target $id"
    else
      put_all "$target"
    fi
  done
}
