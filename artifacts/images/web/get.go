package main

import (
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

// get fetches a URL with what the tools beside it lack: a certificate that is verified, and a bearer token.
func get(args []string) error {
	flags := flag.NewFlagSet("web get", flag.ExitOnError)
	ca := flags.String("ca", "", "`file` with the authorities to trust, PEM; default: none are")
	token := flags.String("token", "", "`file` with a bearer token")
	timeout := flags.Duration("timeout", 10*time.Second, "limit for the whole answer")
	flags.Usage = func() {
		fmt.Fprintln(flags.Output(), "usage: web get [-ca FILE] [-token FILE] [-timeout 10s] URL")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	request, err := http.NewRequest(http.MethodGet, flags.Arg(0), nil)
	if err != nil {
		return err
	}
	authorities := x509.NewCertPool()
	if *ca != "" {
		pem, err := os.ReadFile(*ca)
		if err != nil {
			return err
		}
		if !authorities.AppendCertsFromPEM(pem) {
			return fmt.Errorf("%s has no certificate", *ca)
		}
	}
	if *token != "" {
		content, err := os.ReadFile(*token)
		if err != nil {
			return err
		}
		request.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(content)))
	}
	client := &http.Client{
		Timeout:   *timeout,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authorities}},
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(os.Stdout, response.Body); err != nil {
		return err
	}
	if response.StatusCode >= 300 {
		return fmt.Errorf("%s answered %s", flags.Arg(0), response.Status)
	}
	return nil
}
