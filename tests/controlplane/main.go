// Controlplane is a real Kubernetes control plane for tests and for the demo, in one program.
//
// `controlplane up` starts etcd, the API server, the controller manager, the scheduler, simulated nodes and a metrics
// server, each as a process of its own, by executing itself with the component's name as first argument.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"k8s.io/component-base/version"
)

const usage = `A real Kubernetes control plane for tests, in one program.

  controlplane up --dir DIR [--ready-timeout 60s] [--supervise] [--apiserver-arg KEY=VALUE]...
      start everything on free ports of 127.0.0.1; print the path of the administrator's kubeconfig
  controlplane down --dir DIR
      end exactly what up has started
  controlplane status --dir DIR
      one line for each process; fails unless all of them live and the API server is ready
  controlplane kubeconfig --dir DIR --service-account NAMESPACE/NAME
      print a kubeconfig whose token is the ServiceAccount's, with its real rights
  controlplane crds istio|gateway-api|gateway-api-experimental|prometheus-operator
      print the CustomResourceDefinitions of others
  controlplane version
      print which Kubernetes, etcd and KWOK are inside
  controlplane COMPONENT ARGUMENTS...
      run one component as if it were a program of its own: %s
`

var commands = map[string]func(arguments []string) error{
	"up":         up,
	"down":       down,
	"status":     status,
	"kubeconfig": kubeconfig,
	"crds":       crds,
	"version":    printVersions,
}

func main() {
	// A link named after a component (kubectl, say) is that component.
	if run, found := components[filepath.Base(os.Args[0])]; found {
		os.Exit(run())
	}
	if len(os.Args) < 2 {
		fmt.Fprintf(os.Stderr, usage, componentNames())
		os.Exit(2)
	}
	name := os.Args[1]
	if run, found := components[name]; found {
		os.Args = os.Args[1:]
		os.Exit(run())
	}
	command, found := commands[name]
	if !found {
		fmt.Fprintf(os.Stderr, usage, componentNames())
		if name == "help" || name == "--help" || name == "-h" {
			return
		}
		fmt.Fprintf(os.Stderr, "\ncontrolplane: there is no command %q\n", name)
		os.Exit(2)
	}
	if err := command(os.Args[2:]); err != nil {
		fmt.Fprintf(os.Stderr, "controlplane %s: %v\n", name, err)
		os.Exit(1)
	}
}

func componentNames() string {
	names := make([]string, 0, len(components))
	for name := range components {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

func printVersions([]string) error {
	fmt.Println("kubernetes", version.Get().GitVersion)
	build, _ := debug.ReadBuildInfo()
	for _, module := range build.Deps {
		switch module.Path {
		case "go.etcd.io/etcd/server/v3":
			fmt.Println("etcd", module.Version)
		case "sigs.k8s.io/kwok":
			fmt.Println("kwok", module.Version)
		}
	}
	return nil
}
