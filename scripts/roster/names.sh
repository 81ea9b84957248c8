# Names that the program knows, too. Written by `npm run generate` from plan/shellnames.ts: change them there.

# Paths.
BIN_PATH=/opt/plinth/bin
CREDENTIALS_PATH=/etc/kubernetes/roster
ETCD_PKI_PATH=/etc/kubernetes/pki/etcd
AUTHORITY_PATH=/etc/kubernetes/pki/ca.crt

# Ports.
KUBELET_PORT=10250

# Labels, annotations and taints of Nodes.
OWNER_LABEL="node-restriction.kubernetes.io/plinth-owner"
ADDRESS_LABEL="node-restriction.kubernetes.io/plinth-address"
TAINTS_LABEL="node-restriction.kubernetes.io/plinth-taints"
OWNER_ANNOTATION=plinth/owner
TAINTS_ANNOTATION=plinth/taints
RUNTIME_ANNOTATION=plinth/runtime
DRAINED_ANNOTATION=plinth/drained
LEAVING_ANNOTATION=plinth/leaving
UNINITIALIZED_TAINT=plinth/uninitialized
LEAVING_TAINT=ToBeDeletedByClusterAutoscaler

# Who asks for certificates, and what keeps the roster to tokens.
BOOTSTRAPPERS=system:bootstrappers:plinth
ROSTER_POLICY="plinth-roster"
ROSTER_ROLE=plinth:roster
OWNERS_NOTE=plinth/owners
