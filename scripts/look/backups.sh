# What this member of etcd knows of backups, by target: what scripts/backup/records.sh has recorded.

# backup_field KEY FILE
backup_field() {
  sed -n "s/^$1 //p" "$2" | sed -n 1p
}

backups() {
  local file record target kind keys bytes
  for file in "$STATE"/backup/*.data "$STATE"/backup/*.state; do
    if [ -r "$file" ]; then
      record=${file##*/} target=${record%.*} kind=${record##*.}
      keys=$(backup_field keys "$file") bytes=$(backup_field bytes "$file")
      printf 'backup %s %s %s %s %s %s %s\n' "$target" "$kind" "$(backup_field id "$file")" "$(backup_field at "$file")" \
        "${keys:--}" "${bytes:--}" "$(backup_field state "$file" | grep . || printf -- -)"
    fi
  done
  for file in "$STATE"/backup/*.failed; do
    if [ -r "$file" ]; then
      record=${file##*/} record=${record%.failed}
      printf 'backup-failed %s %s %s %s\n' "${record%.*}" "${record##*.}" "$(backup_field at "$file")" "$(backup_field reason "$file")"
    fi
  done
  file=$STATE/backup/drill
  if [ -r "$file" ]; then
    printf 'drill %s %s %s %s %s\n' "$(backup_field at "$file")" "$(backup_field seconds "$file")" "$(backup_field result "$file")" \
      "$(backup_field set "$file")" "$(backup_field reason "$file")"
  fi
}
