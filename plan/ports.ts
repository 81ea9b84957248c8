/** Ports (TCP where nothing else is said) of the cluster; the ones that kubeadm uses where it has one. */
export const ports = {
  apiserver: 6443,
  etcdClient: 2379,
  etcdPeer: 2380,
  controllerManager: 10257,
  scheduler: 10259,
  kubelet: 10250,
  /** The kubelet's own health, loopback only. */
  kubeletHealth: 10248,
  /** Health of kube-proxy, asked by load balancers. */
  kubeProxyHealth: 10256,
  kubeProxyMetrics: 10249,
  /** UDP. */
  vxlan: 8472,
  /** HAProxy's own health, loopback only. */
  haproxyHealth: 8404,
  /** Figures without a login, loopback only, where plinth:metrics is set. */
  haproxyMetrics: 8405,
  etcdMetrics: 2381,
  containerdMetrics: 1338,
  nodeExporter: 9100,
} as const;
