# What a host is like, for a test of a role: fed to a shell there as root, and never installed. Arguments: units. Prints lines
#
#   KIND PATH MODE OWNER TEXT     d, f (TEXT: SHA-256) or l (TEXT: where it leads)
#   unit NAME ENABLED ACTIVE
#
# Contents are not printed. Left out is what changes by itself, and what is Plinth's.

FOLDERS="/etc /usr/local /opt /srv /root /home"

# shellcheck disable=SC2086 # a list of folders
find $FOLDERS -xdev \( -path /opt/plinth -o -path /usr/local/lib/plinth -o -path /srv/packages -o -path /etc/ld.so.cache \) -prune -o \
  -type f -printf 'f %p %m %u:%g\n' -o -type d -printf 'd %p %m %u:%g -\n' -o -type l -printf 'l %p - %u:%g %l\n' |
  while read -r kind path mode owner text; do
    if [ "$kind" = f ]; then
      text=$(sha256sum <"$path") || text=unreadable
      text=${text%% *}
    fi
    printf '%s\n' "$kind $path $mode $owner $text"
  done | LC_ALL=C sort
for unit in "$@"; do
  printf 'unit %s %s %s\n' "$unit" "$(systemctl is-enabled "$unit" 2>/dev/null)" "$(systemctl is-active "$unit" 2>/dev/null)"
done
