/** TCP ports of the cluster; the ones that kubeadm uses where it has one. */
export const ports = {
  apiserver: 6443,
  etcdClient: 2379,
  etcdPeer: 2380,
  controllerManager: 10257,
  scheduler: 10259,
  /** HAProxy's own health, loopback only. */
  haproxyHealth: 8404,
} as const;
