package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func TestPidsFileIsReadAsWritten(t *testing.T) {
	dir := folder(t.TempDir())
	if records, err := dir.readRecords(); len(records) > 0 || err != nil {
		t.Errorf("a folder without pids holds %v, %v", records, err)
	}
	if err := dir.addRecord("etcd", os.Getpid()); err != nil {
		t.Fatal(err)
	}
	if err := dir.addRecord("kwok", os.Getpid()); err != nil {
		t.Fatal(err)
	}
	records, err := dir.readRecords()
	if err != nil || len(records) != 2 || records[0].name != "etcd" || records[1].pid != os.Getpid() {
		t.Errorf("got %v, %v", records, err)
	}
}

func TestForeignLinesAreRefused(t *testing.T) {
	for _, text := range []string{"etcd", "etcd x 1", "etcd 1 0", "etcd -1 0"} {
		if records, err := parseRecords(text); err == nil {
			t.Errorf("%q was read as %v", text, records)
		}
	}
}

func TestOnlyOurOwnProcessIsAlive(t *testing.T) {
	command := exec.Command("sleep", "60")
	command.Args = []string{"controlplane", "60"}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	started, _, err := processState(command.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	ours := record{"60", command.Process.Pid, started}
	sameIDLater := record{"60", command.Process.Pid, started + 1}
	otherProgram := record{"etcd", command.Process.Pid, started}
	if alive := living([]record{ours, sameIDLater, otherProgram}); !slices.Equal(alive, []record{ours}) {
		t.Errorf("alive: %v", alive)
	}
	if err := end([]record{sameIDLater, otherProgram}, time.Second); err != nil || !ours.alive() {
		t.Errorf("a stranger was ended: %v", err)
	}
	// Nobody has waited for the process yet, so its id is still there: it must count as ended all the same.
	if err := end([]record{ours}, 5*time.Second); err != nil || ours.alive() {
		t.Errorf("it was not ended: %v", err)
	}
	command.Wait()
}

func TestProgramNamesMayHoldBrackets(t *testing.T) {
	started, ended, err := parseStat("42 (a) b (c) Z 1 42 42 0 -1 4 1 0 0 0 1 2 0 0 20 0 5 0 98765 1 2")
	if started != 98765 || !ended || err != nil {
		t.Errorf("got %d, %v, %v", started, ended, err)
	}
}

func TestLastLines(t *testing.T) {
	file := filepath.Join(t.TempDir(), "log")
	os.WriteFile(file, []byte("one\ntwo\nthree\n"), 0o600)
	if got := lastLines(file, 2); got != "two\nthree" {
		t.Errorf("got %q", got)
	}
	if got := lastLines(file, 20); got != "one\ntwo\nthree" {
		t.Errorf("got %q", got)
	}
}
