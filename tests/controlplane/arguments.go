package main

import (
	"fmt"
	"slices"
	"strings"
)

// site is where one control plane runs: its folder and its ports on 127.0.0.1.
type site struct {
	dir                            folder
	etcd, peer, api, kwok, metrics int
}

const portsPerSite = 5

func newSite(dir folder, ports []int) site {
	return site{dir: dir, etcd: ports[0], peer: ports[1], api: ports[2], kwok: ports[3], metrics: ports[4]}
}

func (s site) server() string  { return fmt.Sprintf("https://127.0.0.1:%d", s.api) }
func (s site) etcdURL() string { return fmt.Sprintf("http://127.0.0.1:%d", s.etcd) }

func (s site) etcdArguments() []string {
	peer := fmt.Sprintf("http://127.0.0.1:%d", s.peer)
	return []string{
		"--name=default",
		"--data-dir=" + s.dir.path("etcd"),
		"--listen-client-urls=" + s.etcdURL(),
		"--advertise-client-urls=" + s.etcdURL(),
		"--listen-peer-urls=" + peer,
		"--initial-advertise-peer-urls=" + peer,
		"--initial-cluster=default=" + peer,
		// The data lives as long as the test.
		"--unsafe-no-fsync",
		"--log-level=warn",
	}
}

// apiServerArguments are ours, with each extra KEY=VALUE in place of the one of the same key, or added.
func (s site) apiServerArguments(extra []string) []string {
	return replaceArguments([]string{
		"--etcd-servers=" + s.etcdURL(),
		fmt.Sprintf("--secure-port=%d", s.api),
		"--bind-address=127.0.0.1",
		"--advertise-address=127.0.0.1",
		// The default writes Endpoints with the loopback address and complains about it.
		"--endpoint-reconciler-type=none",
		"--tls-cert-file=" + s.dir.path("pki", "serving.crt"),
		"--tls-private-key-file=" + s.dir.path("pki", "serving.key"),
		"--cert-dir=" + s.dir.path("pki"),
		"--token-auth-file=" + s.dir.path("pki", "tokens.csv"),
		"--authorization-mode=Node,RBAC",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + s.dir.path("pki", "service-accounts.pub"),
		"--service-account-signing-key-file=" + s.dir.path("pki", "service-accounts.key"),
		"--service-cluster-ip-range=10.96.0.0/16",
		"--allow-privileged=true",
		"--profiling=false",
	}, extra)
}

func (s site) controllerManagerArguments() []string {
	return []string{
		"--kubeconfig=" + s.dir.path("pki", "controller-manager.kubeconfig"),
		"--use-service-account-credentials=true",
		"--service-account-private-key-file=" + s.dir.path("pki", "service-accounts.key"),
		"--root-ca-file=" + s.dir.path("pki", "ca.crt"),
		"--leader-elect=false",
		"--secure-port=0",
		"--profiling=false",
		"--kube-api-qps=500",
		"--kube-api-burst=1000",
		// A busy machine must not look like a dead node: the pods on it would become unready.
		"--node-monitor-grace-period=30m",
		// Autoscalers wait minutes for pods to settle and for peaks to pass; simulated pods have neither.
		"--horizontal-pod-autoscaler-sync-period=2s",
		"--horizontal-pod-autoscaler-cpu-initialization-period=1s",
		"--horizontal-pod-autoscaler-initial-readiness-delay=1s",
		"--horizontal-pod-autoscaler-downscale-stabilization=5s",
		"--pvclaimbinder-sync-period=5s",
	}
}

func (s site) schedulerArguments() []string {
	return []string{
		"--kubeconfig=" + s.dir.path("pki", "scheduler.kubeconfig"),
		"--leader-elect=false",
		"--secure-port=0",
		"--profiling=false",
		"--kube-api-qps=500",
		"--kube-api-burst=1000",
	}
}

func (s site) kwokArguments() []string {
	return []string{
		"--kubeconfig=" + s.dir.kubeconfig(),
		"--config=" + s.dir.path("stages.yaml"),
		"--manage-all-nodes",
		"--cidr=10.244.0.0/16",
		"--node-lease-duration-seconds=40",
		fmt.Sprintf("--server-address=127.0.0.1:%d", s.kwok),
	}
}

func (s site) metricsArguments() []string {
	return []string{
		"--kubeconfig=" + s.dir.kubeconfig(),
		fmt.Sprintf("--address=127.0.0.1:%d", s.metrics),
		"--tls-cert-file=" + s.dir.path("pki", "serving.crt"),
		"--tls-private-key-file=" + s.dir.path("pki", "serving.key"),
	}
}

// replaceArguments drops each argument that extra names too: given twice, some of Kubernetes' flags add up.
func replaceArguments(arguments, extra []string) []string {
	result := slices.Clone(arguments)
	for _, pair := range extra {
		key, _, _ := strings.Cut(pair, "=")
		result = slices.DeleteFunc(result, func(argument string) bool {
			return strings.HasPrefix(argument, "--"+key+"=")
		})
	}
	for _, pair := range extra {
		result = append(result, "--"+pair)
	}
	return result
}

// cleanEnvironment keeps what the caller's shell has set for other programs away from the components: etcd and KWOK
// read options from variables, and a proxy is never on the way to 127.0.0.1.
func cleanEnvironment(variables []string, dir folder) []string {
	var kept []string
	for _, variable := range variables {
		name, _, _ := strings.Cut(strings.ToUpper(variable), "=")
		foreign := name == "HOME" || strings.HasPrefix(name, "ETCD_") || strings.HasPrefix(name, "KUBE") ||
			strings.HasPrefix(name, "KWOK_") || strings.HasSuffix(name, "_PROXY")
		if !foreign {
			kept = append(kept, variable)
		}
	}
	return append(kept, "HOME="+string(dir), "KWOK_WORKDIR="+dir.path("kwok"))
}
