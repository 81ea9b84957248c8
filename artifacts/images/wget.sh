#!/bin/sh
# Debian's busybox is built without wget's -T and dies of it: this is busybox's wget with -T SECONDS, for the whole answer.
limit=900
left=$#
while [ "$left" -gt 0 ]; do
  word=$1
  shift
  left=$((left - 1))
  case "$word" in
    -T | --timeout)
      limit=$1
      shift
      left=$((left - 1))
      ;;
    -T?*) limit=${word#-T} ;;
    --timeout=*) limit=${word#--timeout=} ;;
    *) set -- "$@" "$word" ;;
  esac
done
exec timeout "$limit" busybox wget "$@"
