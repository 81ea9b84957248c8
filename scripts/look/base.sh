# A look at this host, as lines for a program to read. Read-only and stand-alone: it is fed to `sh -s` on a host that has
# never seen us, as root or as a user, then with what a user can see. Three looks are assembled from the same parts, each
# with what it needs: the facts before a change (facts.sh), the status (status.sh), and the drift (drift.sh).
#
# Words: [machine] [DIRECTORY…]. With `machine`, a look tells less: what a host that carries roles alone is judged by.
#
# Every look is framed by `plinth-facts 1` and `end`. Between them, in any order:
#   machine-id, boot-id, hostname, kernel, arch, os ID VERSION, systemd VERSION, uid
#   os-family debian|rhel|suse               where it is one of them
#   container NAME                           only in one
#   uptime SECONDS                           since the first process began
#   own-address ADDRESS                      what /etc/hosts gives the host's own name, if anything
#   time-sync UNIT                           each running service that sets the clock
#   memory-kib, memory-available-kib, swap-kib, swap-used-kib
#   disk-size-kib, disk-free-kib PATH KIB, inodes, inodes-free PATH NUMBER   of the file system on which PATH is or will be
#   claim cluster|cluster-id|host|stack|generation VALUE    only when claimed
#   bundle NAME GENERATION complete|half-done|failed [REASON]
#   certificate PATH BASE64                  the first of a file, DER
#   joined-anew GENERATION                   of the Node's bundle, at which its kubelet was last let in because its certificate had ended
#   restore ID STEP SHA256|- TOKEN MEMBERS BUMP, seed …      a restore of etcd's data that is under way, or that the host is to begin with
#   restored ID                              the last restore that came to its end
#   report JSON, or report-failed REASON     what `plinth-host status` says
#   drop-in PATH                             each file that changes a unit
#   rules-gone UNIT FAMILY TABLE             packet filter rules of a service that somebody has flushed
#   certificate PATH BASE64                  each certificate of the cluster, in DER
#   data-directory BUNDLE PATH               where a bundle that was brought to its end has data
#   role-file BUNDLE PATH                    a file that the bundle of a role has
#   unmounted PATH MOUNT-POINT               a directory that was asked for is to lie on a file system of /etc/fstab that is not mounted
#   populated PATH                           a directory of Kubernetes' that is there and not empty
#   listen tcp|udp ADDRESS PORT PID COMMAND UNIT     `-` where unknown, as for sockets of the kernel
#   address ADDRESS INTERFACE
#   vrrp NAME ROUTER-ID ADDRESS              an instance that keepalived is configured with
#   link-mtu INTERFACE BYTES                 of each with an IPv4 address
#   resolver PATH loopback|others|mixed|none     what name servers that file has
#   forward-drop TOOL FAMILY TABLE CHAIN FROM|- TO|-
#                                            a chain of others that forwards nothing but what its rules accept: networks and interfaces
#                                            from and to which everything is accepted, with commas between them
#   selinux enforcing|permissive             only where it has a policy
#   firewalld ZONE                           only where it runs: the zone of interfaces that are in no other
#   firewall-zone NAME accept|other INTERFACES SOURCES PORTS PROTOCOLS SERVICES
#                                            each that is in use, and `trusted`: what becomes of packets that nothing is said of, and lists
#                                            with commas between, `-` where they are empty
#   noexec PATH MOUNT-POINT                  where programs of ours lie on a file system that runs none
#   command NAME PATH|-, version NAME VERSION
#   mount-cgroup v1|v2, cgroup-controllers NAME…
#   kernel-feature NAME present|loadable|missing
#   etcd-data                                there is data of a member
#   etcd-logless                             and it has no log, without which it is no member's
#   etcd-status JSON, or etcd-status-failed REASON     of the member of this host, as `etcdctl endpoint status -w json`
#   etcd-member ID NAME|- PEER-URLS started|unstarted learner|voter, or etcd-members-failed REASON
#                                            the cluster's, as that member knows it with a quorum; URLs with commas between them
#   etcd-measure EPOCH SIZE IN-USE FSYNC COMMIT        what that member measures, see `etcd_measure`
#   etcd-sample EPOCH SIZE IN-USE FSYNC COMMIT         what it has measured before: the oldest sample that is kept, and the last two
#   etcd-damage REASON                       of that member, when it does not run and its log says that its data is damaged
#   backup TARGET data|state ID EPOCH KEYS|- BYTES|- SHA256|-    the newest set of a target that this member knows of
#   backup-failed TARGET data|state EPOCH REASON       what it could not do for a target since
#   failover-drill EPOCH                     until when a drill has services of this host away
#   drill EPOCH SECONDS ok|failed SET|- [REASON]       the last restore drill that it was told of
#   nodes NUMBER                             where the API server of this host answers, and then for each
#   node NAME READY MACHINE-ID INTERNAL-IPS OWNER LEAVING DRAINED
#                                            each encoded as in a URL, `-` for none; READY as Kubernetes says it: True, False or Unknown
#   clock SECONDS                            since the epoch
#   elapsed SECONDS                          that this look has taken, until the clock was read

set -u
LC_ALL=C
export LC_ALL
PATH="${PATH:-/usr/bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ROOT=${PLINTH_ROOT:-}
STATE=$ROOT$STATE_PATH
MACHINE=
if [ "${1-}" = "$MACHINE_WORD" ]; then
  # shellcheck disable=SC2034 # not every look makes a difference
  MACHINE=yes                                     # this host carries roles alone, and no part of a cluster
  shift
fi
# shellcheck disable=SC2034 # not every look is asked about directories
DIRECTORIES="$*"                                  # absolute paths without blanks, to be looked at besides the usual ones
OPT=$ROOT$SOFTWARE_PATH

# side_by_side FUNCTION…: runs all of them at the same time. What each prints stays together, that of the last comes first.
# Each one runs at the writing end of a pipe whose reading end runs the rest, and only then copies:
#   a | { b | { c; cat; }; cat; }
# No function may read the standard input, which is this script.
side_by_side() {
  if [ $# = 1 ]; then
    "$1" </dev/null
    return
  fi
  "$1" </dev/null | {
    shift
    side_by_side "$@"
    cat
  }
}
