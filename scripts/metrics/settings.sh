#!/bin/sh
# What Plinth knows of this host, as figures for node_exporter's collector of text files: a timer runs it every minute. It reads, and
# writes that one file.
#
# Usage: metrics FILE [INTERVAL [AGE]]
# INTERVAL: seconds between two sets of backups that this host is to make; AGE: seconds after which there has to be another restore drill.
# Left out, or -: nothing is asked for.
# PLINTH_ROOT: the directory under which all other paths are, for tests.

# shellcheck disable=SC2034 # not all that is known of a bundle is told

set -u
umask 022
LC_ALL=C
export LC_ALL
PATH="${PATH:-/usr/bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ROOT=${PLINTH_ROOT:-}
