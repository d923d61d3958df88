package main

import (
	"slices"
	"testing"
)

func TestExtraArgumentsReplaceOurs(t *testing.T) {
	got := replaceArguments([]string{"--a=1", "--ab=2", "--c=3"}, []string{"a=4", "d=5", "d=6"})
	if want := []string{"--ab=2", "--c=3", "--a=4", "--d=5", "--d=6"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestComponentsDoNotSeeOtherProgramsSettings(t *testing.T) {
	got := cleanEnvironment([]string{"PATH=/bin", "ETCD_NAME=x", "https_proxy=x", "KUBECONFIG=x", "KWOK_CONFIG=x", "HOME=/root"}, "/d")
	if want := []string{"PATH=/bin", "HOME=/d", "KWOK_WORKDIR=/d/kwok"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestOptionsOfUp(t *testing.T) {
	options, err := parseUp([]string{"--dir", "/d", "--apiserver-arg", "a=b=c", "--apiserver-arg", "--v=4", "--supervise"})
	if err != nil || !options.supervise || !slices.Equal(options.apiServer, []string{"a=b=c", "v=4"}) {
		t.Errorf("got %+v, %v", options, err)
	}
	for _, wrong := range [][]string{{}, {"--dir", "/d", "--apiserver-arg", "lonely"}} {
		if _, err := parseUp(wrong); err == nil {
			t.Errorf("%v was accepted", wrong)
		}
	}
}
