# Direct: what we ask goes straight to the one that is asked: hosts, the cluster and the artifact server are near. Proxies of this
# host, in the environment or in root's .curlrc, are for others. Programs that we start (etcdctl, kubectl) go by the environment.

unset http_proxy https_proxy ftp_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY FTP_PROXY ALL_PROXY NO_PROXY

# direct_exec ARGUMENT…: curl in place of the shell that calls it, for a process of its own (`direct_exec … &`).
direct_exec() {
  # -q has to be first: it keeps curl from reading .curlrc.
  exec curl -q --noproxy '*' "$@"
}

# direct_curl ARGUMENT…: curl.
direct_curl() {
  (direct_exec "$@")
}
