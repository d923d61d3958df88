package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/kwok/pkg/apis/internalversion"
	kwokconfig "sigs.k8s.io/kwok/pkg/config"
	"sigs.k8s.io/kwok/pkg/utils/gotpl"
	"sigs.k8s.io/kwok/pkg/utils/lifecycle"
	"sigs.k8s.io/yaml"
)

// check plays the one stage that KWOK would choose for an object, and compares the stage's name and, word by word,
// parts of what it would write. No stage is "".
func check(t *testing.T, kind string, object metav1.Object, stage string, parts ...string) {
	t.Helper()
	chosen, written := play(t, kind, object)
	if chosen != stage {
		t.Fatalf("stage %q instead of %q", chosen, stage)
	}
	for _, part := range parts {
		if !strings.Contains(written, part) {
			t.Errorf("%s is not in %s", part, written)
		}
	}
}

func TestFatesOfPods(t *testing.T) {
	check(t, "Pod", pod("a", "Always"), "pod-start", `"phase":"Running"`, `"type":"example.org/gate"`, `"podIP":"10.0.0.2"`)
	check(t, "Pod", pod("a", "Never"), "pod-start")
	check(t, "Pod", pod("broken", "Always"), "pod-image-never-pulled", `"phase":"Pending"`, `"reason":"ImagePullBackOff"`)
	check(t, "Pod", pod("broken-crash", "Never"), "pod-image-never-pulled")
	check(t, "Pod", pod("crash", "Always"), "pod-crash-loop", `"phase":"Running"`, `"restartCount":5`, `"reason":"CrashLoopBackOff"`)
	check(t, "Pod", pod("crash", "Never"), "pod-fail", `"phase":"Failed"`, `"exitCode":1`)
	check(t, "Pod", pod("fail", "OnFailure"), "pod-fail")
	check(t, "Pod", pod("fail", "Always"), "pod-fail")
	check(t, "Pod", owned(pod("fail", "Always")), "pod-crash-loop")
}

func TestFatesOfInitContainers(t *testing.T) {
	check(t, "Pod", initialized("a", pod("a", "Always")), "pod-start", `"reason":"Completed"`)
	check(t, "Pod", initialized("broken", pod("a", "Always")), "pod-image-never-pulled", `"reason":"ImagePullBackOff"`, `"reason":"PodInitializing"`)
	check(t, "Pod", initialized("crash", pod("a", "Always")), "pod-crash-loop", `"phase":"Pending"`, `"reason":"PodInitializing"`)
}

func TestNoStageFiresOnItsOwnResult(t *testing.T) {
	for _, image := range []string{"a", "broken", "crash"} {
		check(t, "Pod", afterwards(t, pod(image, "Always")), "")
	}
	check(t, "Pod", afterwards(t, pod("a", "Never")), "pod-complete", `"phase":"Succeeded"`, `"exitCode":0`)
	check(t, "Pod", afterwards(t, afterwards(t, pod("a", "Never"))), "")
	check(t, "Pod", afterwards(t, pod("fail", "Never")), "")
}

func TestDeletedPodsGo(t *testing.T) {
	for _, image := range []string{"a", "broken", "crash", "fail"} {
		deleted := pod(image, "Always")
		now := metav1.Now()
		deleted.DeletionTimestamp = &now
		check(t, "Pod", deleted, "pod-delete")
	}
}

func TestAddresses(t *testing.T) {
	balancer := &corev1.Service{ObjectMeta: metav1.ObjectMeta{UID: "u"}, Spec: corev1.ServiceSpec{Type: corev1.ServiceTypeLoadBalancer}}
	check(t, "Service", balancer, "service-address", `"ip":"198.51.100.`)
	check(t, "Service", &corev1.Service{Spec: corev1.ServiceSpec{Type: corev1.ServiceTypeClusterIP}}, "")
	check(t, "Ingress", &networkingv1.Ingress{ObjectMeta: metav1.ObjectMeta{UID: "u"}}, "ingress-address", `"ip":"203.0.113.`)
	check(t, "Ingress", &networkingv1.Ingress{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{"controlplane.test/address": "none"}}}, "")
}

func TestVolumes(t *testing.T) {
	class := storageClass
	claim := &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: "data", Namespace: "default", UID: "u"},
		Spec:       corev1.PersistentVolumeClaimSpec{StorageClassName: &class, AccessModes: []corev1.PersistentVolumeAccessMode{"ReadWriteOnce"}},
		Status:     corev1.PersistentVolumeClaimStatus{Phase: corev1.ClaimPending},
	}
	check(t, "PersistentVolumeClaim", claim, "claim-provision", `"name":"pvc-u"`, `"accessModes":["ReadWriteOnce"]`)
	claim.Spec.VolumeName = "pvc-u"
	check(t, "PersistentVolumeClaim", claim, "")
}

// One failed CEL compilation ends KWOK 0.8.
func TestNoStageUsesCEL(t *testing.T) {
	text, err := stages()
	if err != nil || strings.Contains(text, "cel:") || strings.Contains(text, "'FATE'") {
		t.Errorf("CEL or an unfilled FATE in the stages (%v)", err)
	}
}

func pod(image string, restarts corev1.RestartPolicy) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "p", Namespace: "default", UID: "u"},
		Spec: corev1.PodSpec{
			NodeName:       "node-1",
			RestartPolicy:  restarts,
			ReadinessGates: []corev1.PodReadinessGate{{ConditionType: "example.org/gate"}},
			Containers:     []corev1.Container{{Name: "main", Image: "example.org/" + image + ":1"}, {Name: "side", Image: "side"}},
		},
		Status: corev1.PodStatus{Phase: corev1.PodPending},
	}
}

func owned(pod *corev1.Pod) *corev1.Pod {
	pod.OwnerReferences = []metav1.OwnerReference{{Kind: "ReplicaSet", Name: "r"}}
	return pod
}

func initialized(image string, pod *corev1.Pod) *corev1.Pod {
	pod.Spec.InitContainers = []corev1.Container{{Name: "first", Image: image}}
	return pod
}

func afterwards(t *testing.T, pod *corev1.Pod) *corev1.Pod {
	t.Helper()
	_, written := play(t, "Pod", pod)
	if err := json.Unmarshal([]byte(written), pod); err != nil {
		t.Fatal(err)
	}
	return pod
}

func play(t *testing.T, kind string, object metav1.Object) (chosen, written string) {
	t.Helper()
	event := &lifecycle.Event{Labels: object.GetLabels(), Annotations: object.GetAnnotations(), Data: object}
	cycle, err := lifecycle.NewLifecycle(stagesOf(t, kind))
	if err != nil {
		t.Fatal(err)
	}
	possible, err := cycle.ListAllPossible(context.Background(), event)
	if err != nil {
		t.Fatal(err)
	}
	if len(possible) > 1 {
		t.Fatalf("KWOK would draw lots between %s and %s", possible[0].Name(), possible[1].Name())
	}
	if len(possible) == 0 {
		return "", "{}"
	}
	_, err = possible[0].DoSteps(0, nil, object, renderer(),
		func(*internalversion.StageEvent) error { return nil },
		func() error { written = "{}"; return nil },
		func(patch *lifecycle.Patch) error { written = string(patch.Data); return nil },
		func(apply *lifecycle.Apply) error { written = string(apply.Data); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return possible[0].Name(), written
}

func stagesOf(t *testing.T, kind string) (result []*internalversion.Stage) {
	t.Helper()
	text, err := stages()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "stages.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	loaded, err := kwokconfig.Load(context.Background(), file)
	if err != nil {
		t.Fatal(err)
	}
	for _, stage := range kwokconfig.FilterWithType[*internalversion.Stage](loaded) {
		if stage.Spec.ResourceRef.Kind == kind {
			result = append(result, stage)
		}
	}
	return result
}

func renderer() gotpl.Renderer {
	return gotpl.NewRenderer(gotpl.FuncMap{
		"NodeIPsWith": func(string) []string { return []string{"10.0.0.1"} },
		"PodIPsWith":  func(string, bool, string, string, string) []string { return []string{"10.0.0.2"} },
		"YAML": func(value any, indent int) (string, error) {
			text, err := yaml.Marshal(value)
			pad := "\n" + strings.Repeat(" ", indent*2)
			return strings.ReplaceAll(fmt.Sprintf("\n%s", text), "\n", pad), err
		},
	})
}
