# Names that the program knows, too. Written by `npm run generate` from plan/shellnames.ts: change them there.

# Paths, without the ROOT of tests.
SOFTWARE_PATH=/opt/plinth
SCRIPTS_PATH=/usr/local/lib/plinth
STATE_PATH=/var/lib/plinth
UNITS_PATH=/etc/systemd/system
RULE_SETS_PATH="/etc/kubernetes/rule-sets"
FORMER_ADDRESSES_PATH=/etc/keepalived/plinth/former.conf
FAILOVER_PATH="/run/plinth-failover"
ROSTER_PATH=/etc/kubernetes/roster
KUBELET_CLIENT_PATH="/var/lib/kubelet/pki/kubelet-client-current.pem"
KUBELET_SERVING_PATH="/var/lib/kubelet/pki/kubelet-server-current.pem"

# First word of a look at a host that carries roles alone.
MACHINE_WORD=machine

# The bundle with the kubelet.
NODE_BUNDLE=node

# Distributions: FAMILY:ID of os-release.
FAMILY_IDS="debian:debian debian:ubuntu rhel:rhel rhel:centos rhel:fedora suse:suse suse:sles suse:opensuse"

# Labels, annotations and taints of Nodes.
OWNER_LABEL="node-restriction.kubernetes.io/plinth-owner"
OWNER_ANNOTATION=plinth/owner
LEAVING_ANNOTATION=plinth/leaving
LEAVING_TAINT=ToBeDeletedByClusterAutoscaler
DRAINED_ANNOTATION=plinth/drained
