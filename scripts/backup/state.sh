# Sets of the stack's state, which operators make and members carry to targets.

# store DIGEST: the set on standard input.
store() {
  local target id
  if ! mkdir "$WORK/set" || ! cat >"$WORK/input"; then
    die 1 "cannot write below $RECORDS: is the disk full?"
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
