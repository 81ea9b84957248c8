# What a host holds of a cluster's keys, for a stack whose state is gone. Read-only. Arguments: absolute paths.
#
#   file PATH BASE64     what is in it; what is no plain file, or longer than LONGEST bytes, is left out
#   end

LONGEST=65536

printf 'plinth-keys 1\n'
for path; do
  if [ ! -f "${ROOT-}$path" ] || [ -L "${ROOT-}$path" ]; then continue; fi
  size=$(wc -c <"${ROOT-}$path") || exit 1
  if [ "$size" -gt "$LONGEST" ]; then continue; fi
  content=$(base64 <"${ROOT-}$path" | tr -d '\n') || exit 1
  printf 'file %s %s\n' "$path" "$content"
done
printf 'end\n'
