#!/bin/sh
# end-connections ADDRESS: ends what is connected from or to an address that this host has just lost. keepalived calls it where SELinux
# keeps keepalived itself from doing so.

set -u
exec ss --kill --no-header --tcp src "$1"
