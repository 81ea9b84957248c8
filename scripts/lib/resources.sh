# Resources: what roles put on a host besides files, units and directories. Each kind is one function in resources/KIND.sh,
# `resource_KIND VERB KEY WORD…`:
#   differs   0 where the host is not as wanted, with REASON; it changes nothing
#   before    prints what is there, for `drop`: asked once, before the first change. Returns 1 where it cannot be told, with FAILURE or with
#             what a program says of it on stderr
#   make      brings it; returns 1 with FAILURE set
#   drop      takes it back: BEFORE is what `before` has printed. Returns 1 with FAILURE set
# All of them may be called again after a run was killed in them.
#
# The memory of what was there is /var/lib/plinth/before/KIND%KEY, written before the intent. In STAGE/ops this leaves
#   make-resource PHASE new|known KIND KEY WORD…   |   drop-resource KIND KEY WORD…

# resource VERB KIND KEY WORDS: the words as they stand in a manifest, all of them as one text.
resource() {
  local verb kind count
  verb=$1 kind=$2
  # They are no patterns for files, and who is called next must be able to use some.
  set -f
  # shellcheck disable=SC2086 # the manifest's words
  set -- "$3" $4
  set +f
  count=$#
  REASON=
  while [ "$count" -gt 0 ]; do
    word_decode "$1"
    shift
    set -- "$@" "$WORD"
    count=$((count - 1))
  done
  case $kind in
    package) resource_package "$verb" "$@" ;;
    group) resource_group "$verb" "$@" ;;
    account) resource_account "$verb" "$@" ;;
    sysctl) resource_sysctl "$verb" "$@" ;;
    module) resource_module "$verb" "$@" ;;
    service) resource_service "$verb" "$@" ;;
    source) resource_source "$verb" "$@" ;;
    hold) resource_hold "$verb" "$@" ;;
    block) resource_block "$verb" "$@" ;;
    authorized) resource_authorized "$verb" "$@" ;;
    anchor) resource_anchor "$verb" "$@" ;;
    volumegroup) resource_volumegroup "$verb" "$@" ;;
    volume) resource_volume "$verb" "$@" ;;
    filesystem) resource_filesystem "$verb" "$@" ;;
    swapfile) resource_swapfile "$verb" "$@" ;;
    archive) resource_archive "$verb" "$@" ;;
    command) resource_command "$verb" "$@" ;;
    *)
      FAILURE="this host script knows no resource $kind"
      return 1
      ;;
  esac
}

# word_decode WORD: sets WORD to what it stands for: `-` for nothing, %OOO for a character by its octal code.
word_decode() {
  case $1 in
    -) WORD= ;;
    *%*) WORD=$(printf '%b' "$(printf '%s' "$1" | sed 's/%\([0-7][0-7][0-7]\)/\\0\1/g')") ;;
    *) WORD=$1 ;;
  esac
}

# text_differs FILE TEXT MISSING: whether FILE has another text, with REASON set; MISSING where it is not there.
text_differs() {
  if [ ! -e "$1" ]; then
    REASON=$3
  elif printf '%s\n' "$2" | cmp -s - "$1"; then
    return 1
  else
    REASON="is another"
  fi
}

# before_path KIND KEY: sets BEFORE_PATH to the file that remembers what was there.
before_path() {
  BEFORE_PATH=$STATE/before/$1%$(printf '%s' "$2" | sed 's|/|%057|g')
}

# before_read KIND KEY: sets BEFORE; nothing where nothing is remembered.
before_read() {
  BEFORE=
  before_path "$1" "$2"
  if [ -e "$BEFORE_PATH" ]; then
    BEFORE=$(cat "$BEFORE_PATH")
  fi
}

# resources_compute PLAN MANIFEST INTENT [FILE…]: adds to what `changes_compute` leaves. FILEs are manifests and intents of others.
resources_compute() {
  local plan old intent kind name key restart reload words
  plan=$1 old=$2 intent=$3
  shift 3
  while read -r kind name key _ restart reload words; do
    if [ "$kind" != resource ]; then
      continue
    fi
    if resource differs "$name" "$key" "$words"; then
      printf '%s %s %s\n' "$name" "$key" "$REASON"
    fi
  done <"$plan" >"$STAGE/resources"
  awk -v stage="$STAGE" -v kinds="$RESOURCE_KINDS" '
    function op(text) { print text >> (stage "/ops") }
    function hits(list, verb,   n, i, names) {
      n = split(list, names, ",")
      for (i = 1; i <= n; i++) if (names[i] != "-") print verb " " names[i] >> (stage "/hits")
    }
    function words(from,   i, text) { for (i = from; i <= n; i++) text = text " " f[i]; return text }
    function owns(text) { if (!(text in owned)) print "owns " text >> (stage "/owns"); owned[text] = 1 }
    BEGIN { n = split(kinds, f, " "); for (i = 1; i <= n; i++) { split(f[i], pair, ":"); phase[pair[1]] = pair[2] } }
    section == "different" { id = $1 " " $2; different[id] = 1; sub(/^[^ ]+ [^ ]+ /, ""); reason[id] = $0; next }
    { sub(/^owns /, "") }
    $1 != "resource" { next }
    # What another bundle has brought was not there before us.
    section == "others" { other[$2 " " $3] = 1; next }
    section == "old" { if (!(($2 " " $3) in old)) ids[++nold] = $2 " " $3; old[$2 " " $3] = $0; next }
    { line[++nl] = $0; planned[$2 " " $3] = 1 }
    END {
      for (i = 1; i <= nl; i++) {
        n = split(line[i], f, " "); id = f[2] " " f[3]
        owns(line[i])
        if (id in different) print (f[2] == "account" ? "user" : f[2]) " " f[3] " " reason[id] >> (stage "/differences")
        if (!(id in different) && id in old) continue
        op("make-resource " phase[f[2]] " " (id in old || id in other ? "known" : "new") " " id words(7))
        if (id in different) { hits(f[5], "restart"); hits(f[6], "reload") }
      }
      # Services run again once everything that they read is as it was.
      for (services = 0; services <= 1; services++) for (i = nold; i >= 1; i--) {
        n = split(old[ids[i]], f, " ")
        if (ids[i] in planned || (f[2] == "service") != services) continue
        owns(old[ids[i]])
        if (ids[i] in other) continue
        op("drop-resource " ids[i] words(7))
        hits(f[5], "restart"); hits(f[6], "reload")
      }
    }' section=different "$STAGE/resources" section=others "$@" section=old "$old" "$intent" section=plan "$plan"
}

# resources_remember: writes down what was there before us, of what comes new. Returns 1, with FAILURE set where it cannot be told.
resources_remember() {
  local op known kind key words text reason
  FAILURE=
  while read -r op _ known kind key words; do
    if [ "$op-$known" != make-resource-new ]; then
      continue
    fi
    if ! text=$(resource_before "$kind" "$key" "$words" 2>"$STAGE/before.log"); then
      reason=$(grep -v '^$' "$STAGE/before.log" | tail -n 1)
      FAILURE="cannot tell what the $kind $key is before it is changed${reason:+ ($reason)}, so it could not be put back later; \
correct the cause and run again"
      return 1
    fi
    before_path "$kind" "$key"
    mkdir -p "$STATE/before" && printf '%s\n' "$text" | write_atomic "$BEFORE_PATH" 0600 || return 1
  done <"$STAGE/ops"
}

# resource_before KIND KEY WORDS: what it prints, and on stderr why it cannot be told.
resource_before() {
  resource before "$@" || { printf '%s\n' "$FAILURE" >&2 && return 1; }
}

# resources_make early|late: returns 1 with FAILURE set.
resources_make() {
  local op phase kind key words
  while read -r op phase _ kind key words; do
    if [ "$op-$phase" != "make-resource-$1" ]; then
      continue
    fi
    FAILURE="cannot make the $kind $key"
    if resource differs "$kind" "$key" "$words"; then
      if ! resource make "$kind" "$key" "$words"; then
        spared || return 1
        continue
      fi
      CHANGED_RESOURCES="$CHANGED_RESOURCES $kind:$key"
    fi
    FAILURE=
  done <"$STAGE/ops"
}

# resources_drop: returns 1 with FAILURE set.
resources_drop() {
  local op kind key words
  while read -r op kind key words; do
    if [ "$op" = drop-resource ]; then
      if ! resource_drop "$kind" "$key" "$words"; then
        spared || return 1
        continue
      fi
      CHANGED_RESOURCES="$CHANGED_RESOURCES $kind:$key"
    fi
  done <"$STAGE/ops"
}

# resource_drop KIND KEY WORDS
resource_drop() {
  before_read "$1" "$2"
  FAILURE="cannot take the $1 $2 back"
  resource drop "$1" "$2" "$3" || return 1
  FAILURE=
}

# resources_forget: what was there before is not asked for any more, once the manifest says so.
resources_forget() {
  local op kind key
  while read -r op kind key _; do
    if [ "$op" = drop-resource ]; then
      before_path "$kind" "$key"
      rm -rf "$BEFORE_PATH" "$BEFORE_PATH.copy"
    fi
  done <"$STAGE/ops"
  if [ -d "$STATE/before" ]; then
    rmdir "$STATE/before" 2>/dev/null || :
  fi
}

# resources_release FILE…: takes everything of these manifests and intents back, the last first and services at the end. Returns 1 with
# FAILURE set.
resources_release() {
  local kind key words
  awk '{ sub(/^owns /, "") } $1 == "resource" && !(($2 " " $3) in seen) { seen[$2 " " $3] = 1; kind[++n] = $2; $1 = $4 = $5 = $6 = ""; line[n] = $0 }
    END {
      for (services = 0; services <= 1; services++)
        for (i = n; i >= 1; i--) if ((kind[i] == "service") == services) print line[i]
    }' "$@" >"$STAGE/resources"
  while read -r kind key words; do
    resource_drop "$kind" "$key" "$words" || return 1
  done <"$STAGE/resources"
}
