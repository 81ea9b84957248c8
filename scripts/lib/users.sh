# Users: system users and groups for services; remembered as ours before they are made, so that `release` removes them.

# users_make PLAN: creates what is missing. Returns 1 with FAILURE set.
users_make() {
  um_names=
  while read -r um_kind um_name _; do
    if [ "$um_kind" = user ]; then
      um_names="$um_names $um_name"
    fi
  done <"$1"
  if [ -z "$um_names" ]; then
    return 0
  fi
  # shellcheck disable=SC2086 # a list of words
  um_present=" $(getent passwd $um_names | while IFS=: read -r um_name _; do printf '%s ' "$um_name"; done)"
  while read -r um_kind um_name um_home; do
    if [ "$um_kind" != user ]; then
      continue
    fi
    case $um_present in
      *" $um_name "*) continue ;;
    esac
    if ! remember users "$um_name"; then
      FAILURE="cannot write under $STATE"
      return 1
    fi
    um_group=--user-group
    if getent group "$um_name" >/dev/null; then
      um_group="--gid=$um_name"
    fi
    if ! um_error=$(useradd --system "$um_group" --home-dir "$um_home" --no-create-home --shell /usr/sbin/nologin "$um_name" 2>&1); then
      FAILURE="cannot create the user $um_name: ${um_error##*"$NEWLINE"}"
      return 1
    fi
  done <"$1"
}

# owners_exist PLAN: whether every owner named in the plan is known. Returns 1 with FAILURE set.
owners_exist() {
  oe_users='' oe_groups=''
  while read -r oe_kind _ _ oe_owner _; do
    case $oe_kind in
      file | directory)
        # shellcheck disable=SC2086 # a list of words
        has_word "${oe_owner%:*}" $oe_users || oe_users="$oe_users ${oe_owner%:*}"
        # shellcheck disable=SC2086 # a list of words
        has_word "${oe_owner#*:}" $oe_groups || oe_groups="$oe_groups ${oe_owner#*:}"
        ;;
    esac
  done <"$1"
  owners_known passwd user "$oe_users" && owners_known group group "$oe_groups"
}

# owners_known DATABASE WORD NAMES
owners_known() {
  ok_found=
  # shellcheck disable=SC2086 # a list of words
  if [ -n "$3" ] && ! ok_found=$(getent "$1" $3); then
    for ok_name in $3; do
      case $NEWLINE$ok_found in
        *"$NEWLINE$ok_name:"*) ;;
        *)
          FAILURE="there is no $2 $ok_name on this host, but the bundle $BUNDLE has files of that $2 (is its package installed?)"
          return 1
          ;;
      esac
    done
  fi
}
