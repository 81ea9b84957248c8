# Entry: everything above is functions; a shell reads a script as it goes, and this file may be replaced or removed while
# it runs, so nothing may follow the call of `main` but its exit.

usage() {
  cat >&2 <<'EOF'
usage: plinth-host claim                    take this host for a cluster (claim on stdin)
       plinth-host apply                    bring one bundle to this host (bundle on stdin)
       plinth-host confirm BUNDLE           a change that may have cut this host off has not
       plinth-host return BUNDLE            back from a change that nobody has confirmed
       plinth-host status [--verify]        what is here and whether it is as it was left
       plinth-host retire [--host NAME] [--cluster-id ID]
                                            stop what serves others here, before this host leaves
       plinth-host restore STEP --id ID …   one step of a restore of etcd's data, see ./plinth restore
       plinth-host release --host NAME [--cluster-id ID]
       plinth-host release --force          take everything of ours away, whoever claims this host
       plinth-host etcd VERB [--above PERCENT] [--least BYTES] [--apiservers URL,…]
                                            care for the member of this host (care, defrag, resume), end
                                            alarms (compact, disarm), replace it (hashes, set-aside, rejoin)
exit codes: 0 done, 1 failed, 65 bad input, 75 another run holds the lock, 77 refused
EOF
}

main() {
  local verb
  if [ $# = 0 ]; then
    usage
    exit "$EXIT_BAD_INPUT"
  fi
  verb=$1
  shift
  case $verb in
    claim) claim ;;
    apply) apply ;;
    confirm) confirm_bundle "$@" ;;
    return) return_bundle "$@" ;;
    status) status "$@" ;;
    retire) retire "$@" ;;
    restore) restore "$@" ;;
    release) release "$@" ;;
    etcd) etcd_verb "$@" ;;
    help | --help | -h) usage ;;
    *)
      usage
      die "$EXIT_BAD_INPUT" "unknown verb $verb"
      ;;
  esac
}

main "$@"
exit
