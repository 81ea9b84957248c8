# Distribution: which family this host is of, by what its /etc/os-release says. The host script and the looks have it.

# shellcheck disable=SC2034 # the version is for looks
# os_release: sets OS_ID, OS_VERSION and OS_LIKE, empty where nothing is said.
os_release() {
  local key value
  OS_ID='' OS_VERSION='' OS_LIKE=
  if [ ! -r "$ROOT/etc/os-release" ]; then
    return 0
  fi
  while IFS='=' read -r key value; do
    # Values may stand in quotes of either kind.
    value=${value#[\"\']}
    value=${value%[\"\']}
    case $key in
      ID) OS_ID=$value ;;
      VERSION_ID) OS_VERSION=$value ;;
      ID_LIKE) OS_LIKE=$value ;;
    esac
  done <"$ROOT/etc/os-release"
}

# family: sets FAMILY to debian, rhel or suse, or to nothing where that is not known.
family() {
  local id word
  os_release
  FAMILY=
  for id in $OS_ID $OS_LIKE; do
    for word in $FAMILY_IDS; do
      if [ "${word#*:}" = "$id" ]; then
        FAMILY=${word%%:*}
        return 0
      fi
    done
  done
}
