#!/bin/sh
# What this host is, as lines for a program to read. Read-only and stand-alone: it is fed to `sh -s` on a host that has
# never seen us, as root or as a user, then with what a user can see.
#   machine-id, boot-id, hostname, kernel, arch, os ID VERSION, systemd VERSION, uid
#   container NAME                           only in one
#   own-address ADDRESS                      what /etc/hosts gives the host's own name, if anything
#   time-sync UNIT                           each running service that sets the clock
#   memory-kib, memory-available-kib, cpus, swap-kib, swap-used-kib
#   disk-free-kib PATH KIB, inodes-free PATH NUMBER   of the file system on which PATH is or will be
#   claim cluster|cluster-id|host|stack|generation VALUE    only when claimed
#   bundle NAME GENERATION complete|half-done|failed [REASON]
#   populated PATH                           a directory of Kubernetes' that is there and not empty
#   listen tcp|udp ADDRESS PORT PID COMMAND UNIT     `-` where unknown, as for sockets of the kernel
#   address ADDRESS INTERFACE
#   command NAME PATH|-, version NAME VERSION
#   mount-cgroup v1|v2, cgroup-controllers NAME…
#   kernel-feature NAME present|loadable|missing
#   etcd-data                                there is data of a member
#   etcd-self ID learner|voter, etcd-leader ID       from the member of this host, where it answers
#   etcd-member ID NAME|- PEER-URL started|unstarted learner|voter     the cluster's, as that member knows it with a quorum
#   nodes NUMBER                             where the API server of this host answers, and then for each
#   node NAME MACHINE-ID|- READY|- INTERNAL-IP|- OWNER|- LEAVING|-     READY as Kubernetes says it: True, False or Unknown
#   clock SECONDS                            since the epoch
#   elapsed SECONDS                          that this look has taken, until the clock was read
#   end

set -u
LC_ALL=C
export LC_ALL
PATH="${PATH:-/usr/bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ROOT=${PLINTH_ROOT:-}
STATE=$ROOT/var/lib/plinth
