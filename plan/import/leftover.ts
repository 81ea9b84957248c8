import type { Imported } from "./imported.ts";
import { left } from "./outcome.ts";
import { noPart } from "./stackrules.ts";
import { whyWithheld, withheldIn } from "./values.ts";

const otherNetwork =
  "belongs to a pod network that is not Plinth's: it goes into your own installation of that network";
const own = "is where the tool keeps its own files, and Plinth has places of its own";
const time = "is no part of the cluster: the role time sets the time service (docs/shipped-roles.md)";
const versions = "Plinth has its own versions, with digests in plinth.lock.json (docs/artifacts.md)";
const cloud = "is for a cloud, and Plinth is for machines of one's own";

/** Families of variables that are not taken, and why. The first that fits is the reason. */
const families: readonly [RegExp, string][] = [
  [
    /^(kube_webhook|kube_oidc|authorization_modes|rbac_enabled|kube_api_anonymous|kube_apiserver_(admission|enable|disable|authentication|authorization)|kube_pod_security|kube_authorization|podsecuritypolicy|tls_)/,
    "who may do what at the API is in plinth:authentication, admission, protections and apiserverArgs (docs/apiserver.md)",
  ],
  [
    /(^|_)(pass|password|passwd|secret|token|private_key|credentials?)($|_)/i,
    "may be a secret, which no file gets: set it as a secret where Plinth has a key for it (docs/ansible.md, Vault)",
  ],
  [
    /^(calico|cilium|canal|weave|kube_?ovn|kube_?router|multus|macvlan|typha|peer_with|contiv|flannel|OVERLAY_TYPE|FIREWALL_ENABLE|IP_AUTODETECTION|kube_network_plugin_multus|enable_network_policy)/i,
    otherNetwork,
  ],
  [
    /^(metrics_server_|metallb|cert_manager|ingress|argocd|helm|registry_enabled|registry_|local_path|local_volume|dashboard|gateway_api|node_feature|prom|nfs_provisioner|nfs_|openebs|network_check|node_problem|kubeblocks|higress|headlamp|HARBOR|csi_|cinder|aws_ebs|gcp_pd|azure_csi|persistent_volumes|expand_persistent|volume_cross|snapshot|krew|kubelet_csr|scheduler_plugins|netchecker|deploy_netchecker|traefik|longhorn|rook)/i,
    `is ${noPart}`,
  ],
  [/^(cloud_provider|external_cloud|external_|openstack|aws|azure|gcp|oci|hcloud|vsphere|upcloud|huaweicloud)/, cloud],
  [
    /^(nodelocaldns|enable_nodelocaldns|ENABLE_LOCAL_DNS|LOCAL_DNS|dnsNode|enable_dns_autoscaler|dns_autoscaler|enable_coredns|coredns|ndots|searchdomains|skydns|dns_|manual_dns|resolvconf|nameservers|remove_default_search)/,
    "CoreDNS of the cluster is Plinth's own, without a cache on each Node (plinth:dnsUpstreams, docs/networking.md)",
  ],
  [/^(ntp_|chrony|timezone|ntp|tz$)/i, time],
  [
    /^(docker|crio|kata|gvisor|youki|crun|runc|nvidia|nri)/i,
    "belongs to another runtime, or to one besides runc: see plinth:containerd.runtimes (docs/hosts.md)",
  ],
  [
    /^(bin_dir|base_dir|cluster_dir|ca_dir|kube_(config|script|manifest|cert|token|cert_compat)_dir|local_release_dir|credentials_dir|default_kubelet|.*_bin_dir|.*_config_dir|.*_cfg_dir|.*_systemd_dir|CONTAINERD_(STATE|CONFIG)_DIR|CONTAINERD_SERVICE|containerd_state_dir|etcd_cert_dir|kube_owner|kube_cert_group|HARBOR_PATH|DOCKER_STORAGE)/,
    own,
  ],
  [
    /^(files_repo|.*_repo$|.*_download_url|.*_image_repo|.*_image_tag|.*_checksums?|download_|retry_stagger|ubuntu_repo|debian_repo|yum_repo|INSTALL_SOURCE|ENABLE_MIRROR)/,
    "binaries come from plinth:artifactsUrl by digest, images by plinth:registries (docs/artifacts.md)",
  ],
  [/(_version|_ver|Ver|VER)$|^calico_ver/, versions],
  [
    /^(kubeadm|kubeconfig|kubectl|artifacts_dir|CONTEXT_NAME|CHANGE_CA|cert_management|auto_renew|certificates_|remove_anonymous|kube_encrypt|audit_|kube_token_auth|kube_basic_auth)/,
    "Plinth does without kubeadm: certificates, kubeconfigs and encryption are its own (docs/certificates.md, docs/security.md)",
  ],
  [
    /^(kube_vip|loadbalancer_apiserver|nginx_|haproxy_|keepalived)/,
    "HAProxy and keepalived are Plinth's own (docs/availability.md)",
  ],
  [/^(etcd_)/, "members of etcd are Plinth's own (plinth:etcdArgs, docs/etcd.md)"],
  [
    /^containerd_/,
    "containerd's configuration is Plinth's own: what is laid over it goes into plinth:containerd.settings",
  ],
  [
    /^(kubelet_|kube_reserved|system_reserved|kube_read_only|kube_service_cgroups)/,
    "the kubelet's configuration is Plinth's own: what is laid over it goes into plinth:kubeletConfig (docs/settings.md)",
  ],
  [
    /^(kube_proxy_)/,
    "kube-proxy's configuration is Plinth's own: what is laid over it goes into plinth:kubeProxyConfig",
  ],
  [
    /^(kube_apiserver_|kube_controller_|kube_scheduler_|kube_profiling|kube_api_|apiserver_|controller_manager_)/,
    "what Plinth sets is its own: other arguments go into plinth:apiserverArgs, controllerManagerArgs and schedulerArgs",
  ],
  [/(ipv6|_ipv6_|dual_?stack)/i, "the cluster has IPv4 only"],
  [
    /^(rh_subscription|epel|yum|apt_|skip_http_proxy|preinstall|system_upgrade|OS_HARDEN|sysctl_|selinux|disable_host|ping_access|ignore_assert|allow_unsupported|deploy_container|k8s_image_pull|no_proxy_exclude|populate_inventory|dns_early|bootstrap_os|NEW_INSTALL|unsafe_show_logs|apparmor)/,
    "is for preparing machines: the baseline does what the cluster needs, a role the rest (docs/ansible.md)",
  ],
  [/^ansible_/, "is for Ansible's own connections"],
];

const unknown = "is unknown to Plinth: a role of yours that uses it has it as a parameter (docs/ansible.md, variables)";

/** Why a variable that no rule knows is not taken. */
export function reasonFor(name: string): string {
  return families.find(([family]) => family.test(name))?.[1] ?? unknown;
}

/** Names what is left, so that every variable of the inventory is in the report. */
export function nameTheRest(imported: Imported): void {
  for (const name of imported.variableNames()) {
    const known = reasonFor(name);
    const [kind] = imported.hosts.flatMap(({ variables }) => withheldIn(variables.get(name)?.value ?? null) ?? []);
    // What has no counterpart anyway need not be computed.
    const why = kind === "vaulted" || (kind === "expression" && known === unknown) ? whyWithheld[kind] : known;
    imported.add({ ...left(why), what: name, where: imported.placesOf(name) });
    imported.seen(name);
  }
}
