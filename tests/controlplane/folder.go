package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// folder is where one control plane keeps everything: keys, data, logs, and who runs.
type folder string

func (f folder) path(elements ...string) string {
	return filepath.Join(append([]string{string(f)}, elements...)...)
}

func (f folder) kubeconfig() string          { return f.path("kubeconfig") }
func (f folder) environment() string         { return f.path("env.json") }
func (f folder) pids() string                { return f.path("pids") }
func (f folder) log(component string) string { return f.path("log", component+".log") }

// openFolder makes the path absolute, because the components' arguments name it and their working folder may differ.
func openFolder(dir string) (folder, error) {
	if dir == "" {
		return "", fmt.Errorf("--dir DIR is missing: the folder that holds (or shall hold) the control plane")
	}
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("could not make %s absolute: %w", dir, err)
	}
	return folder(absolute), nil
}

// lock keeps a second up or down of the same folder waiting until the first is done.
func (f folder) lock() (release func(), err error) {
	if err := os.MkdirAll(string(f), 0o755); err != nil {
		return nil, fmt.Errorf("could not make the folder: %w", err)
	}
	file, err := os.OpenFile(f.path("lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("could not open the lock: %w", err)
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX); err != nil {
		return nil, fmt.Errorf("could not lock %s: %w", file.Name(), err)
	}
	return func() { file.Close() }, nil
}

// empty removes what an earlier control plane has left here: a new one begins with nothing.
func (f folder) empty() error {
	for _, name := range []string{"etcd", "log", "pki", "kwok", "env.json", "kubeconfig", "pids", "stages.yaml"} {
		if err := os.RemoveAll(f.path(name)); err != nil {
			return fmt.Errorf("could not remove the last run's %s: %w", name, err)
		}
	}
	for _, name := range []string{"log", "pki", "kwok"} {
		if err := os.MkdirAll(f.path(name), 0o755); err != nil {
			return fmt.Errorf("could not make the folder: %w", err)
		}
	}
	return nil
}

// environment is what env.json tells a test program.
type environment struct {
	Server            string `json:"server"`
	Port              int    `json:"port"`
	CAFile            string `json:"caFile"`
	Kubeconfig        string `json:"kubeconfig"`
	AdminToken        string `json:"adminToken"`
	Program           string `json:"program"`
	Version           string `json:"version"`
	ServiceAccountKey string `json:"serviceAccountKeyFile"`
	LogDir            string `json:"logDir"`
	PidsFile          string `json:"pidsFile"`
	EtcdURL           string `json:"etcdUrl"`
	StartMillis       int64  `json:"startMillis"`
}

func (f folder) writeEnvironment(value environment) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	// Renamed into place: whoever waits for the file never reads half of it.
	if err := os.WriteFile(f.environment()+".new", append(text, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(f.environment()+".new", f.environment())
}

func (f folder) readEnvironment() (environment, error) {
	var value environment
	text, err := os.ReadFile(f.environment())
	if err != nil {
		return value, err
	}
	return value, json.Unmarshal(text, &value)
}
