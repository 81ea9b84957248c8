# Metrics: the records as a file for node_exporter's collector of text files.

# metrics: writes that file anew, in one step.
metrics() {
  local target kind
  mkdir -p "$METRICS" || return
  chmod 0755 "$METRICS"
  {
    record_metric timestamp_seconds at 'When the newest set on a target was made.'
    record_metric bytes bytes 'Size of the snapshot in the newest set of data on a target, as far as this member knows it.'
    record_metric keys keys 'Keys of etcd in the newest set of data on a target, as far as this member knows it.'
    say '# HELP plinth_backup_failed Whether the last attempt on a target failed.'
    say '# TYPE plinth_backup_failed gauge'
    for target in $(targets); do
      for kind in data state; do
        if [ -e "$RECORDS/$target.$kind" ] || [ -e "$RECORDS/$target.$kind.failed" ]; then
          say "plinth_backup_failed{target=\"$target\",kind=\"$kind\"} $([ -e "$RECORDS/$target.$kind.failed" ] && echo 1 || echo 0)"
        fi
      done
    done
    drill_metrics
  } >"$WORK/metrics"
  chmod 0644 "$WORK/metrics"
  mv "$WORK/metrics" "$METRICS/plinth-backup.prom"
}

# record_metric NAME KEY HELP: what the records say of the newest sets.
record_metric() {
  local file name value
  say "# HELP plinth_backup_last_set_$1 $3"
  say "# TYPE plinth_backup_last_set_$1 gauge"
  for file in "$RECORDS"/*.data "$RECORDS"/*.state; do
    [ -e "$file" ] || continue
    name=${file##*/} value=$(sed -n "s/^$2 //p" "$file")
    [ -z "$value" ] || say "plinth_backup_last_set_$1{target=\"${name%.*}\",kind=\"${name##*.}\"} $value"
  done
}

# drill_field KEY
drill_field() {
  sed -n "s/^$1 //p" "$RECORDS/drill"
}

# drill_metrics: the record of the last restore drill, where there is one.
drill_metrics() {
  local name set
  [ -e "$RECORDS/drill" ] || return 0
  while read -r name set; do
    say "# HELP plinth_backup_drill_$name $set"
    say "# TYPE plinth_backup_drill_$name gauge"
    case $name in
      timestamp_seconds) say "plinth_backup_drill_$name $(drill_field at)" ;;
      duration_seconds) say "plinth_backup_drill_$name $(drill_field seconds)" ;;
      failed) say "plinth_backup_drill_$name $([ "$(drill_field result)" = ok ] && echo 0 || echo 1)" ;;
      set_timestamp_seconds)
        set=$(drill_field set)
        [ "$set" = - ] || say "plinth_backup_drill_$name $(seconds_of "$set")"
        ;;
    esac
  done <<'METRICS'
timestamp_seconds When the last restore drill ended.
duration_seconds How long the last restore drill took.
failed Whether the last restore drill failed.
set_timestamp_seconds When the set of data was made that the last restore drill restored.
METRICS
}
