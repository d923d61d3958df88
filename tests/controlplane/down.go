package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"time"
)

// patience is how long a process may take to end when asked. Its data goes away with it, so that is not long.
const patience = 3 * time.Second

// down ends the control plane in a folder; it is content when there is none.
func down(arguments []string) error {
	flags := flag.NewFlagSet("down", flag.ContinueOnError)
	name := flags.String("dir", "", "the folder given to up")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	dir, err := openFolder(*name)
	if err != nil {
		return err
	}
	if _, err := os.Stat(string(dir)); os.IsNotExist(err) {
		progress("nothing to end: %s does not exist", dir)
		return nil
	}
	// A supervisor that is still starting holds the lock, so it is told before we wait for that.
	if err := endSupervisor(dir); err != nil {
		return err
	}
	release, err := dir.lock()
	if err != nil {
		return err
	}
	defer release()
	return endAll(dir)
}

func endSupervisor(dir folder) error {
	records, err := dir.readRecords()
	if err != nil {
		return err
	}
	others := slices.DeleteFunc(slices.Clone(records), func(r record) bool { return r.name == supervisor })
	supervisors := slices.DeleteFunc(records, func(r record) bool { return r.name != supervisor })
	if len(living(supervisors)) == 0 {
		return nil
	}
	// It ends its children itself, which may take it twice our patience.
	if err := end(supervisors, 3*patience); err != nil {
		return err
	}
	progress("ended the supervisor and its %d processes", len(others))
	return nil
}

// endAll ends every recorded process but this one, etcd last: the others would only complain about its absence.
func endAll(dir folder) error {
	records, err := dir.readRecords()
	if err != nil {
		return err
	}
	records = slices.DeleteFunc(records, func(r record) bool { return r.pid == os.Getpid() })
	alive := living(records)
	last := slices.DeleteFunc(slices.Clone(alive), func(r record) bool { return r.name != "etcd" })
	first := slices.DeleteFunc(slices.Clone(alive), func(r record) bool { return r.name == "etcd" })
	for _, group := range [][]record{first, last} {
		if err := end(group, patience); err != nil {
			return fmt.Errorf("could not end everything: %w", err)
		}
	}
	if len(alive) > 0 {
		progress("ended %d processes", len(alive))
	}
	// Without these nobody takes the folder for a living control plane. The logs stay.
	for _, file := range []string{dir.pids(), dir.environment()} {
		if err := os.Remove(file); err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	return nil
}
