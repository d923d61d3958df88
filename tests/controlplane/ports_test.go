package main

import (
	"slices"
	"testing"
)

func TestPortsAreDifferentAndFree(t *testing.T) {
	ports, err := freePorts(portsPerSite)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(ports)
	if len(slices.Compact(ports)) != portsPerSite {
		t.Errorf("not %d different ports: %v", portsPerSite, ports)
	}
}

func TestTakenPortsAreSkippedAndTheOthersReleased(t *testing.T) {
	held := map[int]bool{}
	ports, err := choosePorts(3, highestPort-lowestPort-2, func(port int) (func(), bool) {
		if port == highestPort-1 || port == lowestPort {
			return nil, false
		}
		held[port] = true
		return func() { delete(held, port) }, true
	})
	if want := []int{highestPort - 2, lowestPort + 1, lowestPort + 2}; err != nil || !slices.Equal(ports, want) {
		t.Errorf("got %v and %v, want %v", ports, err, want)
	}
	if len(held) > 0 {
		t.Errorf("still held: %v", held)
	}
}

func TestTooFewPortsAreAnError(t *testing.T) {
	if ports, err := choosePorts(1, 0, func(int) (func(), bool) { return nil, false }); err == nil {
		t.Errorf("got %v out of nothing", ports)
	}
}
