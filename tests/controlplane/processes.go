package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// record is one line of the pids file. The start time (in clock ticks since boot) tells our process from a later one
// that was given the same id.
type record struct {
	name    string
	pid     int
	started uint64
}

func (r record) String() string { return fmt.Sprintf("%s %d %d", r.name, r.pid, r.started) }

// supervisor is the name under which `up --supervise` records itself.
const supervisor = "supervisor"

func parseRecords(text string) ([]record, error) {
	var records []record
	for number, line := range strings.Split(strings.TrimSpace(text), "\n") {
		if line == "" {
			continue
		}
		var r record
		if _, err := fmt.Sscanf(line, "%s %d %d", &r.name, &r.pid, &r.started); err != nil {
			return nil, fmt.Errorf("line %d of the pids file is not NAME PID START: %q", number+1, line)
		}
		if r.pid <= 1 {
			return nil, fmt.Errorf("line %d of the pids file names process %d, which cannot be ours", number+1, r.pid)
		}
		records = append(records, r)
	}
	return records, nil
}

func (f folder) readRecords() ([]record, error) {
	text, err := os.ReadFile(f.pids())
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("could not read who runs: %w", err)
	}
	return parseRecords(string(text))
}

func (f folder) addRecord(name string, pid int) error {
	started, _, err := processState(pid)
	if err != nil {
		return fmt.Errorf("%s ended at once: %w", name, err)
	}
	file, err := os.OpenFile(f.pids(), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("could not record %s: %w", name, err)
	}
	defer file.Close()
	_, err = fmt.Fprintln(file, record{name, pid, started})
	return err
}

// alive says whether the recorded process still runs and still is ours.
func (r record) alive() bool {
	started, ended, err := processState(r.pid)
	if err != nil || ended || started != r.started {
		return false
	}
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", r.pid))
	arguments := strings.Split(string(line), "\x00")
	if err != nil || len(arguments) < 2 {
		return false
	}
	if r.name == supervisor {
		return arguments[1] == "up"
	}
	return arguments[1] == r.name
}

// processState reads when a process has started, and whether it has ended and only waits to be noticed by its parent.
func processState(pid int) (started uint64, ended bool, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, false, err
	}
	return parseStat(string(text))
}

func parseStat(text string) (started uint64, ended bool, err error) {
	// The second field is the program's name in brackets, which may itself hold spaces and brackets.
	fields := strings.Fields(text[strings.LastIndex(text, ")")+1:])
	if len(fields) < 20 {
		return 0, false, fmt.Errorf("not a process's state: %q", text)
	}
	started, err = strconv.ParseUint(fields[19], 10, 64)
	return started, fields[0] == "Z" || fields[0] == "X", err
}

func living(records []record) []record {
	var alive []record
	for _, r := range records {
		if r.alive() {
			alive = append(alive, r)
		}
	}
	return alive
}

// end asks the processes to end, waits, and ends those that stay.
func end(records []record, patience time.Duration) error {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		for _, r := range living(records) {
			syscall.Kill(r.pid, signal)
		}
		deadline := time.Now().Add(patience)
		for len(living(records)) > 0 && time.Now().Before(deadline) {
			time.Sleep(20 * time.Millisecond)
		}
	}
	if left := living(records); len(left) > 0 {
		return fmt.Errorf("still running after SIGKILL: %v", left)
	}
	return nil
}

// process is a component that this process has started.
type process struct {
	name  string
	log   string
	ended chan struct{}
	err   error
}

// start executes this program as one of its components. A supervised one ends with its supervisor whatever happens;
// Linux ties that to the thread that starts it, so the caller must have locked itself to its thread.
func start(dir folder, name string, arguments []string, supervised bool) (*process, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("where this program lies is unknown: %w", err)
	}
	log, err := os.Create(dir.log(name))
	if err != nil {
		return nil, fmt.Errorf("could not make the log of %s: %w", name, err)
	}
	defer log.Close()
	command := exec.Command(program, append([]string{name}, arguments...)...)
	command.Args[0] = "controlplane"
	command.Dir = string(dir)
	command.Env = cleanEnvironment(os.Environ(), dir)
	command.Stdout, command.Stderr = log, log
	// A session of its own: Ctrl-C in a terminal reaches the supervisor alone, which ends all in order.
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if supervised {
		command.SysProcAttr.Pdeathsig = syscall.SIGKILL
	}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("could not start %s: %w", name, err)
	}
	p := &process{name: name, log: log.Name(), ended: make(chan struct{})}
	if err := dir.addRecord(name, command.Process.Pid); err != nil {
		command.Process.Kill()
		command.Wait()
		return nil, err
	}
	go func() {
		p.err = command.Wait()
		close(p.ended)
	}()
	return p, nil
}

// lastLines is the end of a log, which mostly says why a process has ended.
func lastLines(file string, count int) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	lines := bytes.Split(bytes.TrimRight(text, "\n"), []byte("\n"))
	return string(bytes.Join(lines[max(0, len(lines)-count):], []byte("\n")))
}
