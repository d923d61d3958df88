package main

import (
	"context"
	"io"
	"os"
	"sync/atomic"
	"time"
)

// superviseUntilStopped stays until a signal comes, standard input closes (when it is a pipe) or the parent is gone,
// and then ends everything. A component that ends in between is reported and left so: a test may have wanted it.
func superviseUntilStopped(ctx context.Context, dir folder, processes []*process, orphaned <-chan struct{}) error {
	var stopping atomic.Bool
	for _, p := range processes {
		go func() {
			<-p.ended
			if !stopping.Load() {
				progress("%s has ended (%v); the last lines of its log:\n%s", p.name, p.err, indent(lastLines(p.log, 5)))
			}
		}()
	}
	select {
	case <-ctx.Done():
		progress("told to stop")
	case <-inputClosed(os.Stdin):
		progress("standard input has closed, so the owner is gone")
	case <-orphaned:
		progress("the parent process is gone")
	}
	stopping.Store(true)
	release, err := dir.lock()
	if err != nil {
		return err
	}
	defer release()
	return endAll(dir)
}

// inputClosed never answers for anything but a pipe or a socket: a shell gives /dev/null to its background jobs, which
// is at its end from the beginning.
func inputClosed(input *os.File) <-chan struct{} {
	closed := make(chan struct{})
	info, err := input.Stat()
	if err != nil || info.Mode()&(os.ModeNamedPipe|os.ModeSocket) == 0 {
		return closed
	}
	go func() {
		io.Copy(io.Discard, input)
		close(closed)
	}()
	return closed
}

// parentGone asks for the parent's id again and again. PR_SET_PDEATHSIG would be for the thread that has started us,
// and a test harness ends its threads long before itself.
func parentGone() <-chan struct{} {
	gone := make(chan struct{})
	parent := os.Getppid()
	go func() {
		for os.Getppid() == parent {
			time.Sleep(200 * time.Millisecond)
		}
		close(gone)
	}()
	return gone
}
