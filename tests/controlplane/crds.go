package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// crds prints what build.sh has copied out of other projects' modules, from beside the program, so that it outlives
// the module cache.
func crds(arguments []string) error {
	if len(arguments) != 1 {
		return errors.New("name one set: istio, gateway-api, gateway-api-experimental or prometheus-operator")
	}
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("where this program lies is unknown: %w", err)
	}
	file, err := os.Open(filepath.Join(filepath.Dir(program), "crds", filepath.Base(arguments[0])+".yaml"))
	if err != nil {
		return fmt.Errorf("no CustomResourceDefinitions named %q; build.sh puts them beside the program: %w", arguments[0], err)
	}
	defer file.Close()
	_, err = io.Copy(os.Stdout, file)
	return err
}
