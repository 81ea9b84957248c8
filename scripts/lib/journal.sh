# Journal: what a unit said, for messages about it.

# journal_read UNIT: writes up to 1000 lines of the unit since this run began to change units (or, where this run did
# not touch it, of its last start) to STAGE/journal.
journal_read() {
  # shellcheck disable=SC2086 # a list of words
  if has_word "$1" $TOUCHED; then
    timeout 15 journalctl -u "$1" --since "@$TOUCHED_SINCE" -n 1000 --no-pager -o cat
  else
    unit_get "$1"
    timeout 15 journalctl "_SYSTEMD_UNIT=$1" ${UNIT_INVOCATION:+"_SYSTEMD_INVOCATION_ID=$UNIT_INVOCATION"} -n 1000 --no-pager -o cat
  fi >"$STAGE/journal" 2>/dev/null </dev/null
}

# journal_permanent: whether the journal read last holds an error that no further restart of the unit can mend: the
# program did not understand its command line or its configuration.
journal_permanent() {
  grep -qiE -e 'unknown (shorthand )?flag|flag provided but not defined|flag needs an argument|unknown command|unrecognized option' \
    -e 'invalid argument .* for |failed to verify flags|error verifying flags|strict decoding error|failed to load .*config' \
    -e 'error parsing config|invalid configuration|configuration file is invalid' "$STAGE/journal"
}

# journal_reason: sets REASON to the line of the journal read last that most likely says why, or to nothing.
journal_reason() {
  REASON=$(journal_mask | awk '
    function strong(text) {
      text = tolower(text)
      return text ~ /unknown (shorthand )?flag|not defined: |flag needs an argument|unknown command|unrecognized option/ ||
        text ~ /invalid argument|failed to verify flags|strict decoding error|^error: |^panic: |^\[alert\]/ ||
        text ~ /permission denied|address already in use|no such file or directory/ ||
        text ~ /failed to (load|validate) authentication config|oidc authenticator: initializing plugin/
    }
    function klog(text) {
      return text ~ /^[EF][0-9][0-9][0-9][0-9] [0-9][0-9]:/ || text ~ /"level":"(error|fatal|panic|dpanic)"/ ||
        text ~ /^\[(ALERT|EMERG)\]/
    }
    # What systemd says about the process is the consequence, not the cause.
    /^[A-Za-z0-9@._-]+: (Main process exited|Control process exited|Failed with result|Scheduled restart|Deactivated|Start request repeated)/ ||
    /^(Failed to start|Reload failed for|Stopp|Start|Reload)/ { if (/exited|Failed to/) last_systemd = $0; next }
    strong($0) { first_strong = first_strong == "" ? $0 : first_strong }
    klog($0) { last_klog = $0 }
    tolower($0) ~ /error|fatal|failed|cannot|refused/ { last_weak = $0 }
    END {
      reason = first_strong != "" ? first_strong : (last_klog != "" ? last_klog : (last_weak != "" ? last_weak : last_systemd))
      print substr(reason, 1, 600)
    }')
}

# journal_tail: the 20 lines of the journal read last that are most worth reading, in order: lines that look like errors
# first, the last ones besides. A long usage text must not push the error out of sight.
journal_tail() {
  journal_mask | awk '
    { line[NR] = substr($0, 1, 1000)
      if (tolower($0) ~ /error|fatal|panic|failed|cannot|denied|refused|unknown flag|not defined/ ||
        $0 ~ /^[EF][0-9][0-9][0-9][0-9] /) { errors++; error[errors] = NR } }
    END {
      for (i = errors; i > 0 && i > errors - 12; i--) { chosen[error[i]] = 1; count++ }
      for (i = NR; i > 0 && count < 20; i--) if (!(i in chosen)) { chosen[i] = 1; count++ }
      for (i = 1; i <= NR; i++) if (i in chosen) print "  " line[i]
    }'
}

# journal_mask: the journal read last without private keys, passwords and tokens.
journal_mask() {
  awk '
    # As mawk knows no {6}: six of them, a dot, and sixteen.
    BEGIN {
      bootstrap_token = "\\."
      for (i = 1; i <= 6; i++) bootstrap_token = "[a-z0-9]" bootstrap_token
      for (i = 1; i <= 16; i++) bootstrap_token = bootstrap_token "[a-z0-9]"
    }
    /-----BEGIN [A-Z ]*PRIVATE KEY/ { print "(a private key is not shown)"; if ($0 !~ /-----END/) inside = 1; next }
    inside { if (/-----END/) inside = 0; next }
    {
      gsub(/eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*/, "***")
      gsub(/[Bb]earer +[^ ",]+/, "Bearer ***")
      gsub(/(token|password|passwd|secret|auth_pass)"?[=:] *"?[^ ",]+/, "(masked)")
      gsub(bootstrap_token, "***")
      print
    }' "$STAGE/journal"
}
