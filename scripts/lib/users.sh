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

# owners_exist PLAN [RESOURCES]: whether every owner named in the plan (or a manifest) is known. RESOURCES are those of the plan that are yet to be
# made, lines of `KIND KEY …`: users and groups among them need not be there, and nobody knows whom a package brings. Returns 1 with FAILURE
# set.
owners_exist() {
  local users groups made_users made_groups kind resource name owner
  users='' groups='' made_users='' made_groups=
  if [ -n "${2-}" ]; then
    while read -r kind name _; do
      case $kind in
        package) return 0 ;;
        # With an account comes a group of its name, if that is its own.
        account) made_users="$made_users $name" ;;
        group) made_groups="$made_groups $name" ;;
      esac
    done <"$2"
  fi
  while read -r kind resource name _ _ _ _ owner _; do
    # shellcheck disable=SC2086 # a list of words
    if [ "$kind-$resource-$name" = "resource-account-$owner" ] && has_word "$name" $made_users; then
      made_groups="$made_groups $name"
    fi
  done <"$1"
  while read -r kind _ _ owner _; do
    case $kind-$owner in
      # Of links nobody asks who owns them.
      file--) ;;
      file-* | directory-*)
        # shellcheck disable=SC2086 # a list of words
        has_word "${owner%:*}" $users $made_users || users="$users ${owner%:*}"
        # shellcheck disable=SC2086 # a list of words
        has_word "${owner#*:}" $groups $made_groups || groups="$groups ${owner#*:}"
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
