#!/bin/sh
# Usage: proxied.sh ROOT, see boot.sh. Everything on the host is told to use a proxy, which does not answer: nobody is at an
# address of RFC 5737.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
# shellcheck source=../provision.sh source-path=SCRIPTDIR disable=SC1091
. "$here/../provision.sh"
root=$1
proxy=http://192.0.2.1:3128

# Sessions of everybody, root's by sudo too, as sites with a proxy have it.
{
  for name in http_proxy https_proxy HTTP_PROXY HTTPS_PROXY; do echo "$name=$proxy"; done
} | write_if_changed "$root/etc/environment" 644
printf 'Defaults env_keep += "http_proxy https_proxy HTTP_PROXY HTTPS_PROXY"\n' |
  write_if_changed "$root/etc/sudoers.d/lab-proxy" 440
# Services.
mkdir -p "$root/etc/systemd/system.conf.d"
write_if_changed "$root/etc/systemd/system.conf.d/20-lab-proxy.conf" 644 <<MANAGER
[Manager]
DefaultEnvironment=http_proxy=$proxy https_proxy=$proxy HTTP_PROXY=$proxy HTTPS_PROXY=$proxy
MANAGER
# Programs that look elsewhere.
for home in "$root/root" "$root/home/$LAB_USER"; do
  printf 'proxy = "%s"\n' "$proxy" | write_if_changed "$home/.curlrc" 644
  chown --reference="$home" "$home/.curlrc"
done
mkdir -p "$root/etc/apt/apt.conf.d"
printf 'Acquire::%s::Proxy "%s";\n' http "$proxy" https "$proxy" |
  write_if_changed "$root/etc/apt/apt.conf.d/90lab-proxy" 644
