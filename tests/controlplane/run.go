package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// run is one attempt to start. After its first error the other steps do nothing, so that a start reads as a list.
type run struct {
	ctx        context.Context
	dir        folder
	supervised bool
	begun      time.Time
	processes  []*process
	err        error
}

func (r *run) start(name string, arguments []string) {
	if r.err != nil {
		return
	}
	p, err := start(r.dir, name, arguments, r.supervised)
	if err != nil {
		r.err = err
		return
	}
	r.processes = append(r.processes, p)
}

// await asks until the answer is yes, a process has ended, or the time is over.
func (r *run) await(state string, ask func(context.Context) error) {
	if r.err != nil {
		return
	}
	last := errors.New("nobody has answered yet")
	for {
		for _, p := range r.processes {
			select {
			case <-p.ended:
				r.err = &endedError{process: p, waitingFor: state}
				return
			default:
			}
		}
		// The end of a request that was cut off by our own deadline says less than the answer before it.
		answer := ask(r.ctx)
		if answer == nil {
			progress("%5.1fs  %s", time.Since(r.begun).Seconds(), state)
			return
		}
		if r.ctx.Err() == nil {
			last = answer
		}
		select {
		case <-r.ctx.Done():
			r.err = r.gaveUp(state, last)
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (r *run) gaveUp(state string, last error) error {
	if errors.Is(r.ctx.Err(), context.Canceled) {
		return fmt.Errorf("stopped while waiting until %s", state)
	}
	return fmt.Errorf("after %.0fs still waiting until %s\n  cause: %w\n  next: look into %s, or give a busy machine more time with --ready-timeout",
		time.Since(r.begun).Seconds(), state, last, r.dir.path("log"))
}

// endedError is a component that ended while it should have started.
type endedError struct {
	process    *process
	waitingFor string
}

func (e *endedError) Error() string {
	how := "exit status 0"
	if e.process.err != nil {
		how = e.process.err.Error()
	}
	return fmt.Sprintf("%s ended (%s) while waiting until %s\n  cause, from the last lines of %s:\n%s\n  next: mend what the log names (of the arguments, only those of --apiserver-arg are the caller's)",
		e.process.name, how, e.waitingFor, e.process.log, indent(lastLines(e.process.log, 20)))
}

func (e *endedError) portTaken() bool {
	text, err := os.ReadFile(e.process.log)
	return err == nil && strings.Contains(string(text), "address already in use")
}

func indent(text string) string {
	return "    " + strings.ReplaceAll(text, "\n", "\n    ")
}
