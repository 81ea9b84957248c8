# Certificates: whether they have ended, by the clock of this host. Hosts need not have a program that reads them.

# certificate_ended FILE: the first certificate in FILE, as PEM, has ended. Returns 1 where it has not, and where there is none to be read.
certificate_ended() {
  local end
  if [ ! -r "$1" ]; then
    return 1
  fi
  end=$(awk '/^-----END CERTIFICATE-----/ { exit } inside { print } /^-----BEGIN CERTIFICATE-----/ { inside = 1 }' "$1" |
    base64 -d 2>/dev/null | od -An -v -tx1 | tr -d ' \n' | certificate_end)
  case $end in
    *[!0-9]* | '') return 1 ;;
  esac
  [ "$end" -le "$(date -u +%Y%m%d%H%M%S)" ]
}

# certificate_end: prints the end of the certificate in DER (RFC 5280, 4.1), two hexadecimal digits for each byte, from stdin: YYYYMMDDHHMMSS, UTC.
certificate_end() {
  awk '
    function byte(at) { return (index(digits, substr(der, 2 * at + 1, 1)) - 1) * 16 + index(digits, substr(der, 2 * at + 2, 1)) - 1 }
    # The value at a place: where its content begins, and what comes after it.
    function value(at, n, size) {
      size = byte(at + 1)
      content = at + 2
      if (size >= 128) {
        n = size - 128
        for (size = 0; n > 0; n--) size = size * 256 + byte(content++)
      }
      after = content + size
    }
    function skip(at) { value(at); return after }
    function enter(at) { value(at); return content }
    {
      der = $0; digits = "0123456789abcdef"
      at = enter(enter(0))
      # The version is left out of the first one.
      if (byte(at) == 160) at = skip(at)
      # Serial number, kind of signature, issuer; then the validity.
      at = skip(enter(skip(skip(skip(at)))))
      kind = byte(at)
      for (value(at); content < after && length(text) < 15; content++) text = text sprintf("%c", byte(content))
      # UTCTime has two digits for the year.
      if (kind == 23) text = (substr(text, 1, 2) < "50" ? "20" : "19") text
      if (kind == 23 || kind == 24) print substr(text, 1, 14)
    }'
}
