import { kubeletCredentials } from "../names.ts";

/**
 * Certificate and key of the host's kubelet. They are made on the host and never leave it, and the kubelet puts new ones in their
 * place in time; clients read them anew by themselves (client-go, every five minutes).
 */
export const nodeCredentials = kubeletCredentials.client;
