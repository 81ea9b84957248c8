# Entry: everything above is functions.

case ${1-} in
  due | now | store | drill)
    [ -r "$CONFIG/settings" ] || die 1 "this host is not set up for backups: run up"
    if [ "$1" = due ] && failover_until; then
      say "a failover drill has etcd away here: other members look after the targets"
    elif [ -z "${PLINTH_BACKUP_LOCKED-}" ] && [ "$1" != store ] && [ "$1" != drill ]; then
      locked "$@"
    else
      run "$@"
    fi
    ;;
  *)
    say "usage: backup due|now REASON…|store DIGEST|drill" >&2
    exit 64
    ;;
esac
