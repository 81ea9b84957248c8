# Claim: whose host this is. Everything else refuses to work on a host of another cluster.

# script_digest: sets SCRIPT_DIGEST to the sha256 of the installed host script. Returns 1 when there is none.
script_digest() {
  SCRIPT_DIGEST=
  if [ -f "$SELF_DIR/plinth-host" ]; then
    SCRIPT_DIGEST=$(sha256sum "$SELF_DIR/plinth-host") || return 1
    SCRIPT_DIGEST=${SCRIPT_DIGEST%% *}
  fi
  [ -n "$SCRIPT_DIGEST" ]
}

# claim: reads `cluster NAME`, `cluster-id ID`, `host NAME`, `stack NAME`, `generation N`, `end` from stdin.
claim() {
  local cluster id host stack generation end key value bundle changed
  stage_make
  cluster='' id='' host='' stack='' generation='' end=
  while read -r key value; do
    case $value in
      *[!A-Za-z0-9._@:/-]*) die "$EXIT_BAD_INPUT" "the $key of a claim holds a character that is not allowed; nothing was changed" ;;
    esac
    case $key in
      cluster) cluster=$value ;;
      cluster-id) id=$value ;;
      host) host=$value ;;
      stack) stack=$value ;;
      generation) generation=$value ;;
      end)
        end=yes
        break
        ;;
      '') ;;
      *) die "$EXIT_BAD_INPUT" "unknown line in a claim: $key; nothing was changed" ;;
    esac
  done
  if [ -z "$end" ] || [ -z "$cluster" ] || [ -z "$id" ] || [ -z "$host" ] || [ -z "$stack" ] || [ -z "$generation" ]; then
    die "$EXIT_BAD_INPUT" "a claim needs \`cluster\`, \`cluster-id\`, \`host\`, \`stack\`, \`generation\` and \`end\`; nothing was changed"
  fi
  lock_take "claim by cluster $cluster"
  claim_read
  if [ -n "$CLAIM_ID" ] && [ "$CLAIM_ID" != "$id" ]; then
    die "$EXIT_REFUSED" "this host belongs to cluster $CLAIM_CLUSTER (id $CLAIM_ID) as host $CLAIM_HOST; \
release it there (plinth destroy) or, if that cluster is gone, run \`plinth-host release --force\` on it"
  fi
  if [ -n "$CLAIM_HOST" ] && [ "$CLAIM_HOST" != "$host" ]; then
    for bundle in "$STATE/bundles"/*; do
      if [ -d "$bundle" ]; then
        die "$EXIT_REFUSED" "this host is $CLAIM_HOST of cluster $CLAIM_CLUSTER and carries the bundle ${bundle##*/}; \
it can become $host only once $CLAIM_HOST has been released (remove it from the inventory and apply that first)"
      fi
    done
  fi
  restore_bars "a claim"
  changed=false
  if [ "$CLAIM_CLUSTER $CLAIM_ID $CLAIM_HOST $CLAIM_STACK $CLAIM_GENERATION" != "$cluster $id $host $stack $generation" ]; then
    if ! { state_directories &&
      printf 'cluster %s\ncluster-id %s\nhost %s\nstack %s\ngeneration %s\n' "$cluster" "$id" "$host" "$stack" "$generation" |
      write_atomic "$STATE/claim" 0644; }; then
      die "$EXIT_FAILED" "cannot write $STATE/claim (is the disk full or read-only?)"
    fi
    changed=true
  fi
  # What this host runs from now on, so that `status` can tell when somebody has edited it.
  if ! script_digest || ! { [ "$(cat "$STATE/script" 2>/dev/null)" = "$SCRIPT_DIGEST" ] ||
    printf '%s\n' "$SCRIPT_DIGEST" | write_atomic "$STATE/script" 0644; }; then
    die "$EXIT_FAILED" "cannot write $STATE/script (is the disk full or read-only?)"
  fi
  printf '{"host":"%s","cluster":"%s","clusterId":"%s","stack":"%s","changed":%s}\n' "$host" "$cluster" "$id" "$stack" "$changed"
}

# claim_options VERB ARGUMENT…: reads [--host NAME] [--cluster-id ID] [--force], the last for `release` only, into OPTION_HOST,
# OPTION_ID and OPTION_FORCE.
claim_options() {
  local verb
  verb=$1 OPTION_HOST='' OPTION_ID='' OPTION_FORCE=
  shift
  while [ $# -gt 0 ]; do
    case $verb:$1 in
      *:--host | *:--cluster-id)
        if [ $# -lt 2 ]; then
          die "$EXIT_BAD_INPUT" "$1 needs a value"
        fi
        case $1 in
          --host) OPTION_HOST=$2 ;;
          *) OPTION_ID=$2 ;;
        esac
        shift
        ;;
      release:--force) OPTION_FORCE=yes ;;
      *) die "$EXIT_BAD_INPUT" "unknown option $1 of $verb" ;;
    esac
    shift
  done
}
