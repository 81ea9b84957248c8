# Etcdctl: what it answers, as one line for each thing. A part of the host script and of the looks at a host.

# etcdctl_members: the answer to `member list` from stdin: ID NAME|- PEER-URLS CLIENT-URLS|- learner|voter. A member has started
# once it has client URLs: those of a first bring-up have names before they have ever run.
etcdctl_members() {
  awk -F', ' '/^[0-9a-f]+, / { print $1, $3 == "" ? "-" : $3, $4, $5 == "" ? "-" : $5, $6 == "true" ? "learner" : "voter" }'
}

# etcdctl_complaint: etcdctl's own sentence in what it wrote to stderr, from stdin.
etcdctl_complaint() {
  awk '
    { gsub(/\\"/, "\047"); line = $0 }
    /"error":"/ { line = $0; sub(/.*"error":"/, "", line); sub(/".*/, "", line); found = line }
    END { print substr(found != "" ? found : line, 1, 300) }'
}
