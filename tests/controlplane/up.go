package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	"k8s.io/component-base/version"
)

type upOptions struct {
	dir          folder
	readyTimeout time.Duration
	supervise    bool
	apiServer    []string
}

func parseUp(arguments []string) (upOptions, error) {
	var options upOptions
	flags := flag.NewFlagSet("up", flag.ContinueOnError)
	dir := flags.String("dir", "", "the folder for everything")
	flags.DurationVar(&options.readyTimeout, "ready-timeout", 60*time.Second, "how long the start may take")
	flags.BoolVar(&options.supervise, "supervise", false, "stay, and end everything with this process")
	flags.Func("apiserver-arg", "KEY=VALUE for the API server; may be repeated", func(pair string) error {
		pair = strings.TrimLeft(pair, "-")
		if key, _, found := strings.Cut(pair, "="); !found || key == "" {
			return errors.New("not KEY=VALUE")
		}
		options.apiServer = append(options.apiServer, pair)
		return nil
	})
	if err := flags.Parse(arguments); err != nil {
		return options, err
	}
	var err error
	options.dir, err = openFolder(*dir)
	return options, err
}

// up starts a control plane and returns when it can be used; with --supervise it then stays until it is told to stop.
func up(arguments []string) error {
	options, err := parseUp(arguments)
	if err != nil {
		return err
	}
	// The children's end is tied to the thread that starts them, so that must not end before the process does.
	runtime.LockOSThread()
	keepToOurselves()
	orphaned := parentGone()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()

	release, err := options.dir.lock()
	if err != nil {
		return err
	}
	defer release()
	done, err := alreadyUp(ctx, options)
	if done || err != nil {
		return err
	}
	processes, err := bringUp(ctx, options)
	if err != nil {
		return errors.Join(err, endAll(options.dir))
	}
	fmt.Println(options.dir.kubeconfig())
	if !options.supervise {
		return nil
	}
	release()
	return superviseUntilStopped(ctx, options.dir, processes, orphaned)
}

// alreadyUp is true when a whole control plane lives in the folder. What is left of a broken one is ended.
func alreadyUp(ctx context.Context, options upOptions) (bool, error) {
	records, err := options.dir.readRecords()
	if err != nil {
		return false, err
	}
	alive := living(records)
	if len(alive) == 0 {
		return false, nil
	}
	if _, err := options.dir.readEnvironment(); err == nil && len(alive) == len(records) {
		if options.supervise {
			return false, fmt.Errorf("a control plane already lives in %s and has another owner; end it with: controlplane down --dir %s", options.dir, options.dir)
		}
		c, err := newClients(options.dir.kubeconfig())
		if err == nil {
			err = c.serverReady(ctx)
		}
		if err == nil {
			progress("already up in %s", options.dir)
			fmt.Println(options.dir.kubeconfig())
			return true, nil
		}
	}
	progress("ending what is left of an earlier control plane: %v", alive)
	return false, endAll(options.dir)
}

// bringUp starts anew with other ports when another program has taken one of ours in the meantime.
func bringUp(ctx context.Context, options upOptions) ([]*process, error) {
	for attempt := 1; ; attempt++ {
		processes, err := bringUpOnce(ctx, options)
		var ended *endedError
		if err == nil || attempt == 3 || !errors.As(err, &ended) || !ended.portTaken() {
			return processes, err
		}
		progress("a port was taken by another program; starting anew with others")
		if err := endAll(options.dir); err != nil {
			return nil, err
		}
	}
}

func bringUpOnce(ctx context.Context, options upOptions) ([]*process, error) {
	dir := options.dir
	if err := dir.empty(); err != nil {
		return nil, err
	}
	if options.supervise {
		if err := dir.addRecord(supervisor, os.Getpid()); err != nil {
			return nil, err
		}
	}
	ports, err := freePorts(portsPerSite)
	if err != nil {
		return nil, err
	}
	s := newSite(dir, ports)
	who, err := createIdentity(dir)
	if err != nil {
		return nil, err
	}
	if err := writeConfiguration(s, who); err != nil {
		return nil, err
	}

	ctx, cancel := context.WithTimeout(ctx, options.readyTimeout)
	defer cancel()
	r := run{ctx: ctx, dir: dir, supervised: options.supervise, begun: time.Now()}
	r.start("etcd", s.etcdArguments())
	r.await("etcd answers", func(context.Context) error { return listens(s.etcd) })
	r.start("kube-apiserver", s.apiServerArguments(options.apiServer))
	c, err := newClients(dir.kubeconfig())
	if err != nil {
		return nil, err
	}
	r.await("API server is ready", c.serverReady)
	r.start("kube-controller-manager", s.controllerManagerArguments())
	r.start("kwok", s.kwokArguments())
	r.start("metrics-server", s.metricsArguments())
	r.start("kube-scheduler", s.schedulerArguments())
	r.await("metrics server listens", func(context.Context) error { return listens(s.metrics) })
	r.await("nodes, storage and metrics are created", func(ctx context.Context) error { return c.furnish(ctx, s) })
	r.await("default ServiceAccount exists", c.defaultAccountExists)
	r.await("nodes are Ready", c.nodesReady)
	r.await("metrics are Available", c.metricsAvailable)
	if r.err != nil {
		return nil, r.err
	}
	return r.processes, dir.writeEnvironment(describe(s, who, time.Since(r.begun)))
}

func writeConfiguration(s site, who identity) error {
	text, err := stages()
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(s.dir.path("stages.yaml"), []byte(text), 0o644),
		who.writeKubeconfig(s.dir.kubeconfig(), s.server(), admin),
		who.writeKubeconfig(s.dir.path("pki", "controller-manager.kubeconfig"), s.server(), controllerManager),
		who.writeKubeconfig(s.dir.path("pki", "scheduler.kubeconfig"), s.server(), kubeScheduler),
	)
}

func describe(s site, who identity, took time.Duration) environment {
	program, _ := os.Executable()
	return environment{
		Server:            s.server(),
		Port:              s.api,
		CAFile:            s.dir.path("pki", "ca.crt"),
		Kubeconfig:        s.dir.kubeconfig(),
		AdminToken:        who.tokens[admin],
		Program:           program,
		Version:           version.Get().GitVersion,
		ServiceAccountKey: s.dir.path("pki", "service-accounts.key"),
		LogDir:            s.dir.path("log"),
		PidsFile:          s.dir.pids(),
		EtcdURL:           s.etcdURL(),
		StartMillis:       took.Milliseconds(),
	}
}

// keepToOurselves closes to the components what this process was given open beside the standard streams: a lock or a
// pipe of the caller's would otherwise stay held for as long as the control plane lives.
func keepToOurselves() {
	entries, _ := os.ReadDir("/proc/self/fd")
	for _, entry := range entries {
		if number, err := strconv.Atoi(entry.Name()); err == nil && number > 2 {
			unix.CloseOnExec(number)
		}
	}
}

func listens(port int) error {
	connection, err := net.DialTimeout("tcp4", fmt.Sprintf("127.0.0.1:%d", port), time.Second)
	if err != nil {
		return err
	}
	return connection.Close()
}

func progress(format string, values ...any) {
	fmt.Fprintf(os.Stderr, "controlplane: "+format+"\n", values...)
}
