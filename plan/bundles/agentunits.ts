/** The services that look after a Node's network beside its kubelet: what others say about them goes by these names. */
export const kubeProxyUnit = "kube-proxy.service";
export const flannelUnit = "flanneld.service";
