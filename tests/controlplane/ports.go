package main

import (
	"fmt"
	"math/rand/v2"
	"net"
)

// Ports are chosen below Linux's range for outgoing connections (from 32768): there, any client on this machine could
// be given the port between our choice and the component's start.
const (
	lowestPort  = 20000
	highestPort = 32000
)

// freePorts chooses count different ports of 127.0.0.1 which nobody listens on. Another program may still take one
// before it is used; up then starts anew with others.
func freePorts(count int) ([]int, error) {
	return choosePorts(count, rand.IntN(highestPort-lowestPort), func(port int) (func(), bool) {
		listener, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			return nil, false
		}
		return func() { listener.Close() }, true
	})
}

// choosePorts walks through the range from offset on, once around. It holds each port it takes until all are chosen,
// so that two choices at the same time do not agree on one.
func choosePorts(count, offset int, take func(port int) (release func(), taken bool)) ([]int, error) {
	var ports []int
	size := highestPort - lowestPort
	for step := 0; step < size && len(ports) < count; step++ {
		port := lowestPort + (offset+step)%size
		if release, taken := take(port); taken {
			defer release()
			ports = append(ports, port)
		}
	}
	if len(ports) < count {
		return nil, fmt.Errorf("only %d of %d ports from %d to %d are free on 127.0.0.1", len(ports), count, lowestPort, highestPort-1)
	}
	return ports, nil
}
