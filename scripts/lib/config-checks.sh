# Checks of a configuration that a service reads again by itself. See checks.sh for how they are polled.

CONFIG_LOOKED='' CONFIG_REASON=''   # when `check_config_in_use` last asked, and what it found

# check_config_in_use UNIT URL METRICS FILE CAFILE CERTIFICATE KEY: the service works with what is in FILE now: it tells the hash as
# METRICS_last_config_info at URL. With the certificate of the API servers' front proxy one may ask in the name of anybody; this asks as
# one who reads metrics.
check_config_in_use() {
  local url metrics file written
  url=$2 metrics=$3 file=$4
  # The answer may have megabytes.
  if [ -n "$CONFIG_LOOKED" ] && [ $((UPTIME - CONFIG_LOOKED)) -lt 2 ]; then
    REASON=$CONFIG_REASON
    return 1
  fi
  CONFIG_LOOKED=$UPTIME CONFIG_REASON="it does not tell what it works with"
  if ! http_get --cacert "$ROOT$5" --cert "$ROOT$6" --key "$ROOT$7" --header "X-Remote-User: plinth:host" \
    --header "X-Remote-Group: system:monitoring" "$url"; then
    CONFIG_REASON=$REASON
    return 1
  fi
  if ! { digest "$ROOT$file" && written=$(stat -c %.9Y "$ROOT$file"); }; then
    CONFIG_REASON="$file cannot be read"
    REASON=$CONFIG_REASON
    return 1
  fi
  REASON=$(awk -v metrics="$metrics" -v hash="hash=\"sha256:$DIGEST\"" -v written="$written" '
    index($0, metrics "_last_config_info{") == 1 { told = 1; if (index($0, hash)) used = 1 }
    index($0, metrics "_automatic_reload_last_timestamp_seconds{") == 1 && /status="failure"/ && $NF + 0 > written + 0 { refused = 1 }
    END { print used ? "used" : refused ? "refused" : told ? "waiting" : "silent" }' "$STAGE/body")
  rm -f "$STAGE/body"
  case $REASON in
    used)
      CONFIG_LOOKED='' REASON=''
      return 0
      ;;
    refused)
      REASON="it does not take up $file and goes on with what it had" HOPELESS=yes
      ;;
    waiting) REASON="it has not taken up $file yet" ;;
    *) REASON="it does not tell which $file it works with" ;;
  esac
  CONFIG_REASON=$REASON
  return 1
}
