# Users: system users and groups for services; remembered as ours before they are made, so that `release` removes them.

# users_make PLAN: creates what is missing. Returns 1 with FAILURE set.
users_make() {
  local names kind name present home group error
  names=
  while read -r kind name _; do
    if [ "$kind" = user ]; then
      names="$names $name"
    fi
  done <"$1"
  if [ -z "$names" ]; then
    return 0
  fi
  # shellcheck disable=SC2086 # a list of words
  present=" $(getent passwd $names | while IFS=: read -r name _; do printf '%s ' "$name"; done)"
  while read -r kind name home; do
    if [ "$kind" != user ]; then
      continue
    fi
    case $present in
      *" $name "*) continue ;;
    esac
    if ! remember users "$name"; then
      FAILURE="cannot write under $STATE"
      return 1
    fi
    group=--user-group
    if getent group "$name" >/dev/null; then
      group="--gid=$name"
    fi
    if ! error=$(useradd --system "$group" --home-dir "$home" --no-create-home --shell /usr/sbin/nologin "$name" 2>&1); then
      FAILURE="cannot create the user $name: ${error##*"$NEWLINE"}"
      return 1
    fi
  done <"$1"
}

# owners_exist PLAN: whether every owner named in the plan is known. Returns 1 with FAILURE set.
owners_exist() {
  local users groups planned kind name owner
  users='' groups='' planned=
  # Those that roles make, which is done later.
  while read -r kind _ name _ _ _ _ owner _; do
    if [ "$kind" = resource ]; then
      planned="$planned $name $owner"
    fi
  done <"$1"
  while read -r kind _ _ owner _; do
    case $kind in
      file | directory)
        # shellcheck disable=SC2086 # a list of words
        has_word "${owner%:*}" $users $planned || users="$users ${owner%:*}"
        # shellcheck disable=SC2086 # a list of words
        has_word "${owner#*:}" $groups $planned || groups="$groups ${owner#*:}"
        ;;
    esac
  done <"$1"
  owners_known passwd user "$users" && owners_known group group "$groups"
}

# owners_known DATABASE WORD NAMES
owners_known() {
  local found name
  found=
  # shellcheck disable=SC2086 # a list of words
  if [ -n "$3" ] && ! found=$(getent "$1" $3); then
    for name in $3; do
      case $NEWLINE$found in
        *"$NEWLINE$name:"*) ;;
        *)
          FAILURE="there is no $2 $name on this host, but the bundle $BUNDLE has files of that $2 (is its package installed?)"
          return 1
          ;;
      esac
    done
  fi
}
