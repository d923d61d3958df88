package main

import (
	"embed"
	"strings"

	nodestages "sigs.k8s.io/kwok/kustomize/stage/node/fast"
	leasestages "sigs.k8s.io/kwok/kustomize/stage/node/heartbeat-with-lease"
)

//go:embed stages/*.yaml
var stageFiles embed.FS

// fate is the jq expression that decides from the images what becomes of a pod. A pod which should be restarted
// forever and has an owner never fails: its ReplicaSet would make another one at once, without end.
const fate = `([.spec.initContainers[]?, .spec.containers[]] | map(.image) | join(" ")) as $images` +
	` | if ($images | test("broken")) then "never pulled"` +
	` elif ($images | test("crash|fail") | not) then "runs"` +
	` elif .spec.restartPolicy == "Always" and (($images | test("crash")) or .metadata.ownerReferences != null) then "crash loop"` +
	` else "fails" end`

// stages are all the stages that KWOK plays, as one YAML stream: its own for nodes, ours for the rest.
func stages() (string, error) {
	documents := []string{nodestages.DefaultNodeInit, leasestages.DefaultNodeHeartbeatWithLease}
	for _, name := range []string{"pods", "volumes", "addresses"} {
		text, err := stageFiles.ReadFile("stages/" + name + ".yaml")
		if err != nil {
			return "", err
		}
		documents = append(documents, strings.ReplaceAll(string(text), "'FATE'", "'"+fate+"'"))
	}
	return strings.Join(documents, "\n---\n"), nil
}
