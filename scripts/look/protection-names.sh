# Names that the program knows, too. Written by `npm run generate` from plan/shellnames.ts: change them there.

# What decides on the protections of the API.
OWN_NAMESPACES="kube-system"
CONTROL_PLANE_TAINT="node-role.kubernetes.io/control-plane"
POD_SECURITY_LABEL="pod-security.kubernetes.io/enforce"
HOSTS_LABEL="protections.plinth/control-plane-hosts"
PRIORITIES_LABEL="protections.plinth/system-priorities"
