package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
)

// status prints one line for each process and fails unless everything works.
func status(arguments []string) error {
	flags := flag.NewFlagSet("status", flag.ContinueOnError)
	name := flags.String("dir", "", "the folder given to up")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	dir, err := openFolder(*name)
	if err != nil {
		return err
	}
	records, err := dir.readRecords()
	if err != nil {
		return err
	}
	if len(records) == 0 {
		return fmt.Errorf("no control plane runs in %s; start one with: controlplane up --dir %s", dir, dir)
	}
	var ended []string
	for _, r := range records {
		state := "runs"
		if !r.alive() {
			state = "ended"
			ended = append(ended, r.name)
		}
		fmt.Printf("%-24s %7d  %-5s  %4d MB\n", r.name, r.pid, state, memory(r.pid)>>20)
	}
	if len(ended) > 0 {
		return fmt.Errorf("%s ended; the logs in %s say why", strings.Join(ended, ", "), dir.path("log"))
	}
	c, err := newClients(dir.kubeconfig())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := c.serverReady(ctx); err != nil {
		return fmt.Errorf("the API server is not ready: %w", err)
	}
	environment, err := dir.readEnvironment()
	if err != nil {
		return fmt.Errorf("still starting: %w", err)
	}
	fmt.Printf("ready at %s\n", environment.Server)
	return nil
}

// memory is the resident size in bytes, or 0 for a process that is gone.
func memory(pid int) int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	var size, resident int
	fmt.Sscan(string(text), &size, &resident)
	return resident * os.Getpagesize()
}

// kubeconfig prints one that speaks for a ServiceAccount: unlike the administrator's, it has only the rights it was
// given and is subject to flow control.
func kubeconfig(arguments []string) error {
	flags := flag.NewFlagSet("kubeconfig", flag.ContinueOnError)
	name := flags.String("dir", "", "the folder given to up")
	account := flags.String("service-account", "", "NAMESPACE/NAME")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	dir, err := openFolder(*name)
	if err != nil {
		return err
	}
	namespace, user, found := strings.Cut(*account, "/")
	if !found {
		return errors.New("--service-account is not NAMESPACE/NAME")
	}
	environment, err := dir.readEnvironment()
	if err != nil {
		return fmt.Errorf("no control plane runs in %s: %w", dir, err)
	}
	authority, err := os.ReadFile(environment.CAFile)
	if err != nil {
		return err
	}
	c, err := newClients(dir.kubeconfig())
	if err != nil {
		return err
	}
	lifetime := int64(24 * time.Hour / time.Second)
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &lifetime}}
	token, err := c.kubernetes.CoreV1().ServiceAccounts(namespace).CreateToken(context.Background(), user, request, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("no token for %s: %w", *account, err)
	}
	text, err := clientcmd.Write(kubeconfigFor(environment.Server, authority, user, token.Status.Token, namespace))
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(text)
	return err
}
