# Whether a failover drill has services of this host away: what scripts/host/failover.sh has left word of.

failover() {
  if [ -r "$ROOT$FAILOVER_PATH" ]; then
    sed -n 's/^until /failover-drill /p' "$ROOT$FAILOVER_PATH"
  fi
}
