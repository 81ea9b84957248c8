# Names that the program knows, too. Written by `npm run generate` from plan/shellnames.ts: change them there.

# Paths, without the ROOT of tests.
SOFTWARE_PATH=/opt/plinth
SCRIPTS_PATH=/usr/local/lib/plinth
STATE_PATH=/var/lib/plinth
KEPT_PATH="/var/lib/plinth-kept"
STAGING_PATH=/run/plinth
JUDGED_PATH=/run/judge
UNITS_PATH=/etc/systemd/system
ETCD_BOOTSTRAP=/etc/etcd/bootstrap.env
FAILOVER_PATH="/run/plinth-failover"
PROXIES_PATH=/etc/plinth/proxy.env

# Ports.
ETCD_CLIENT_PORT=2379

# Entries that a member of etcd may be behind when one is defragmented.
ETCD_LAG=1000

# What the script ends with.
EXIT_FAILED=1
EXIT_BAD_INPUT=65
EXIT_LOCKED=75
EXIT_REFUSED=77

# Kinds of systemd units that a bundle may have.
UNIT_KINDS="service|socket|timer|path|mount|swap|target|slice"

# Conditions that a bundle may name, each with the fewest arguments that it takes; `stream_read` refuses others.
CHECK_ARGUMENTS="unit-active:0 http-ok:2 etcd-voter:6 config-in-use:6 command:1 sysctl:2 swap-off:0 if-bundle:2 if-file:2"
PREPARE_ARGUMENTS="etcd-join:8 node-current:7 join-anew:4 keep-addresses:3 release-addresses:2 selinux-contexts:1 selinux-booleans:1"
REQUIRE_ARGUMENTS="etcd-quorum:4 api-ready:2"
JUDGE_ARGUMENTS="command:2 start:4"

# Resources that a bundle may have, KIND:PHASE:WORDS: when each is made, and how many words it has after its key.
RESOURCE_KINDS="source:early:1 package:early:1 hold:early:0 group:early:1 account:early:7 block:late:4 authorized:late:2 anchor:late:1 \
volumegroup:late:1 volume:late:1 filesystem:late:2 swapfile:late:1 sysctl:late:1 module:late:0 archive:late:3 command:late:6 \
service:late:0"

# Units that `retire` stops, in this order.
RETIRED_UNITS="keepalived.service kube-scheduler.service kube-controller-manager.service kube-apiserver.service haproxy.service"

# Units that a restore stops before etcd, in this order.
RESTORED_UNITS="kube-scheduler.service kube-controller-manager.service kube-apiserver.service"

# Distributions: FAMILY:ID of os-release, and packages that have another name than in bundles, FAMILY:NAME=OTHER.
FAMILY_IDS="debian:debian debian:ubuntu rhel:rhel rhel:centos rhel:fedora suse:suse suse:sles suse:opensuse"
PACKAGE_NAMES="rhel:conntrack=conntrack-tools suse:conntrack=conntrack-tools rhel:iptables=iptables-nft"
