# Addresses: virtual IPs that were the API's before. Load balancers hold them beside the present one until nobody goes by them.

# What is held besides has been given up in the file, and keepalived has been told.
ADDRESSES_TOLD=

# prepare_keep_addresses UNIT CONFIG FORMER INSTANCE: CONFIG is keepalived's configuration, in place and not in use yet. Instances whose
# names begin with INSTANCE go on in FORMER, which it includes: those of the configuration before, and those that are there already.
# Addresses that CONFIG has are held by that.
prepare_keep_addresses() {
  local before
  before=$HOME_DIR/previous$2
  if [ ! -e "$before" ]; then
    before=/dev/null
  fi
  REASON="cannot write $3 (is the disk full or read-only?)"
  if [ ! -e "$ROOT$3" ]; then
    write_atomic "$ROOT$3" 0644 </dev/null || return 1
  fi
  instances_outside "$4" "$ROOT$2" "$ROOT$3" "$before" >"$STAGE/former" || return 1
  if ! cmp -s "$STAGE/former" "$ROOT$3"; then
    write_atomic "$ROOT$3" 0644 <"$STAGE/former" || return 1
  fi
}

# instances_outside NAME PRESENT FILE…: prints the instances of FILE… whose names begin with NAME, and whose address PRESENT does not
# have; each address once.
instances_outside() {
  local name present
  name=$1 present=$2
  shift 2
  awk -v name="$name" '
    function address() { sub(/\/.*/, "", $1); return $1 }
    section == "present" { if (after) taken[address()] = 1; after = $1 == "virtual_ipaddress"; next }
    $1 == "vrrp_instance" { inside = index($2, name) == 1; text = ""; held = "" }
    inside { text = text $0 "\n" }
    inside && after { held = address() }
    { after = $1 == "virtual_ipaddress" }
    inside && /^}/ { inside = 0; if (held != "" && !(held in taken)) { taken[held] = 1; printf "%s", text } }
  ' section=present "$present" section=others "$@"
}

# prepare_release_addresses UNIT FORMER PRESENT: what FORMER has is given up, and UNIT, keepalived, holds it no more. A note of the
# addresses stays until that has been seen.
prepare_release_addresses() {
  local note address error
  note=$ROOT$2.released
  REASON="cannot write $2 (is the disk full or read-only?)"
  if [ -s "$ROOT$2" ]; then
    awk 'after { sub(/\/.*/, "", $1); print $1 } { after = $1 == "virtual_ipaddress" }' "$ROOT$2" |
      write_atomic "$note" 0600 && write_atomic "$ROOT$2" 0644 </dev/null || return 1
  fi
  if [ ! -e "$note" ]; then
    return 0
  fi
  units_show "$1" || {
    REASON=$FAILURE
    return 1
  }
  unit_get "$1"
  if [ -z "$ADDRESSES_TOLD" ] && [ "$UNIT_ACTIVE" = active ]; then
    if ! error=$(control 120 reload "$1" 2>&1); then
      REASON="$1 refused to reload: ${error##*"$NEWLINE"}"
      return 1
    fi
    ADDRESSES_TOLD=yes
  fi
  while read -r address; do
    if ip -o -4 address show 2>/dev/null | grep -qF " inet $address/"; then
      REASON="this host still holds $address, which is to be $3 from now on"
      return 1
    fi
    # Nothing that is connected to it can be answered any more.
    ss --kill --no-header --tcp src "$address" >/dev/null 2>&1 || :
  done <"$note"
  say "$(tr '\n' ' ' <"$note")is given up"
  rm -f "$note"
}
