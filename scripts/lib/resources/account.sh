# Resource: an account. `before` tells `absent`, or the line of passwd and, after blanks, the other groups that it is in by commas, and the day on
# which it ends, `-` for neither.

# resource_account VERB NAME UID GROUP HOME SHELL GROUPS system|login COMMENT
resource_account() {
  local verb name
  verb=$1 name=$2
  shift 2
  case $verb in
    differs) account_differs "$name" "$@" ;;
    before) account_before "$name" ;;
    make) account_make "$name" "$@" ;;
    drop) account_drop "$name" ;;
  esac
}

# account_read NAME: sets ACCOUNT_UID, ACCOUNT_GROUP, ACCOUNT_COMMENT, ACCOUNT_HOME, ACCOUNT_SHELL and ACCOUNT_GROUPS (with blanks);
# returns 1 where there is none, or it cannot be told.
account_read() {
  local entry
  entry=$(getent passwd "$1") || return 1
  IFS=: read -r _ _ ACCOUNT_UID ACCOUNT_GROUP ACCOUNT_COMMENT ACCOUNT_HOME ACCOUNT_SHELL <<EOF2
$entry
EOF2
  ACCOUNT_GROUP=$(id -gn "$1") && ACCOUNT_GROUPS=$(id -Gn "$1")
}

# account_expires NAME: prints the day on which it ends, in days since the epoch; nothing where it does not. Returns 1 where that cannot be
# told.
account_expires() {
  local entry code
  entry=$(getent shadow "$1")
  code=$?
  case $code in
    # 2: it has no entry there (getent(1)).
    0 | 2) printf '%s' "$entry" | cut -d : -f 8 ;;
    *) return 1 ;;
  esac
}

# account_locked NAME: whether it has ended, as `drop` leaves it.
account_locked() {
  [ "$(account_expires "$1")" = 1 ]
}

# account_differs NAME UID GROUP HOME SHELL GROUPS KIND COMMENT
account_differs() {
  local group missing
  if ! account_read "$1"; then
    REASON="is missing"
    return 0
  fi
  missing=
  for group in $(printf '%s' "$6" | tr , ' '); do
    # shellcheck disable=SC2086 # a list of words
    has_word "$group" $ACCOUNT_GROUPS || missing="$missing $group"
  done
  if [ -n "$2" ] && [ "$ACCOUNT_UID" != "$2" ]; then
    REASON="its uid is $ACCOUNT_UID, expected $2"
  elif [ "$ACCOUNT_GROUP" != "$3" ]; then
    REASON="its group is $ACCOUNT_GROUP, expected $3"
  elif [ "$ACCOUNT_HOME" != "$4" ]; then
    REASON="its home is $ACCOUNT_HOME, expected $4"
  elif [ "$ACCOUNT_SHELL" != "$5" ]; then
    REASON="its shell is $ACCOUNT_SHELL, expected $5"
  elif [ "$ACCOUNT_COMMENT" != "$8" ]; then
    REASON="its comment is another"
  elif [ -n "$missing" ]; then
    REASON="it is not in$missing"
  elif account_locked "$1"; then
    REASON="is locked"
  else
    return 1
  fi
}

# account_before NAME
account_before() {
  local entry code group groups expires
  entry=$(getent passwd "$1")
  code=$?
  if [ "$code" = 2 ]; then
    echo absent
    return
  fi
  [ "$code" = 0 ] && account_read "$1" && expires=$(account_expires "$1") || return 1
  groups=
  for group in $ACCOUNT_GROUPS; do
    if [ "$group" != "$ACCOUNT_GROUP" ]; then
      groups="$groups${groups:+,}$group"
    fi
  done
  printf '%s %s %s\n' "$(printf '%s' "$entry" | tr ' ' '\001')" "${groups:--}" "${expires:--}"
}

# account_make NAME UID GROUP HOME SHELL GROUPS KIND COMMENT: returns 1 with FAILURE set.
account_make() {
  local name error group
  name=$1
  if ! getent passwd "$name" >/dev/null; then
    group="--gid=$3"
    if [ "$3" = "$name" ] && ! getent group "$name" >/dev/null; then
      group=--user-group
    fi
    set -- ${2:+"--uid=$2"} "$group" --home-dir "$4" --shell "$5" ${6:+"--groups=$6"} --comment "$8" \
      "$(if [ "$7" = system ]; then echo --system; else echo --create-home; fi)" "$name"
    if ! error=$(useradd "$@" 2>&1); then
      FAILURE="cannot create the user $name: ${error##*"$NEWLINE"}"
      return 1
    fi
    return 0
  fi
  if account_read "$name" && [ -n "$2" ] && [ "$ACCOUNT_UID" != "$2" ]; then
    FAILURE="the user $name is there with the uid $ACCOUNT_UID, expected $2, and files are its own; change it by hand (usermod), then run again"
    return 1
  fi
  # As releases before this one have left it.
  if account_locked "$name" && getent shadow "$name" | grep -q '^[^:]*:!\$'; then
    if ! error=$(usermod --unlock "$name" 2>&1); then
      FAILURE="cannot unlock the user $name: ${error##*"$NEWLINE"}"
      return 1
    fi
  fi
  if ! error=$(usermod --gid "$3" --home "$4" --shell "$5" --comment "$8" ${6:+--append} ${6:+"--groups=$6"} --expiredate '' "$name" 2>&1); then
    FAILURE="cannot change the user $name: ${error##*"$NEWLINE"}"
    return 1
  fi
}

# account_drop NAME: one of ours is locked and its files stay; one that was there is as it was. Returns 1 with FAILURE set.
account_drop() {
  local error entry groups expires group comment home shell
  if ! getent passwd "$1" >/dev/null; then
    return 0
  fi
  if [ "$BEFORE" = absent ] || [ -z "$BEFORE" ]; then
    # It lets nobody in, whatever its password is, which stays.
    if ! error=$(usermod --expiredate 1 "$1" 2>&1); then
      FAILURE="cannot lock the user $1: ${error##*"$NEWLINE"}"
      return 1
    fi
    return 0
  fi
  read -r entry groups expires <<EOF2
$BEFORE
EOF2
  IFS=: read -r _ _ _ group comment home shell <<EOF2
$(printf '%s' "$entry" | tr '\001' ' ')
EOF2
  if ! error=$(usermod --gid "$group" --home "$home" --shell "$shell" --comment "$comment" --groups "${groups#-}" \
    --expiredate "${expires#-}" "$1" 2>&1); then
    FAILURE="cannot put the user $1 back: ${error##*"$NEWLINE"}"
    return 1
  fi
}
