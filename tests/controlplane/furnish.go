package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/component-base/version"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	aggregator "k8s.io/kube-aggregator/pkg/client/clientset_generated/clientset"
)

const (
	nodeCount          = 3
	storageClass       = "kwok-volume"
	metricsAPIService  = "v1beta1.metrics.k8s.io"
	metricsServiceName = "metrics-server"
)

// clients speak to the API server as its administrator.
type clients struct {
	kubernetes *kubernetes.Clientset
	aggregator *aggregator.Clientset
}

func newClients(kubeconfig string) (clients, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return clients{}, fmt.Errorf("could not read %s: %w", kubeconfig, err)
	}
	config.QPS, config.Burst = 200, 400
	core, err := kubernetes.NewForConfig(config)
	if err != nil {
		return clients{}, err
	}
	aggregated, err := aggregator.NewForConfig(config)
	return clients{core, aggregated}, err
}

// furnish makes what a cluster has from the beginning and no component brings: nodes, storage, metrics.
func (c clients) furnish(ctx context.Context, s site) error {
	for number := range nodeCount {
		_, err := c.kubernetes.CoreV1().Nodes().Create(ctx, node(number+1), metav1.CreateOptions{})
		if err := unlessExists(err); err != nil {
			return fmt.Errorf("could not create node %d: %w", number+1, err)
		}
	}
	_, err := c.kubernetes.StorageV1().StorageClasses().Create(ctx, defaultStorageClass(), metav1.CreateOptions{})
	if err := unlessExists(err); err != nil {
		return fmt.Errorf("could not create the default StorageClass: %w", err)
	}
	_, err = c.kubernetes.CoreV1().Services("kube-system").Create(ctx, metricsService(s), metav1.CreateOptions{})
	if err := unlessExists(err); err != nil {
		return fmt.Errorf("could not create the metrics server's Service: %w", err)
	}
	_, err = c.aggregator.ApiregistrationV1().APIServices().Create(ctx, metricsRegistration(s), metav1.CreateOptions{})
	if err := unlessExists(err); err != nil {
		return fmt.Errorf("could not register %s: %w", metricsVersion, err)
	}
	return nil
}

func unlessExists(err error) error {
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

func node(number int) *corev1.Node {
	name := fmt.Sprintf("node-%d", number)
	capacity := corev1.ResourceList{
		corev1.ResourceCPU:              resource.MustParse("1000"),
		corev1.ResourceMemory:           resource.MustParse("4Ti"),
		corev1.ResourceEphemeralStorage: resource.MustParse("10Ti"),
		corev1.ResourcePods:             resource.MustParse("10000"),
	}
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{
			"kubernetes.io/hostname":        name,
			"kubernetes.io/os":              "linux",
			"kubernetes.io/arch":            "amd64",
			"topology.kubernetes.io/region": "region-1",
			"topology.kubernetes.io/zone":   fmt.Sprintf("zone-%d", number),
		}},
		Status: corev1.NodeStatus{
			Capacity:    capacity,
			Allocatable: capacity,
			// KWOK's own answer, kwok-0.8.0, is not a version that clients can read.
			NodeInfo: corev1.NodeSystemInfo{KubeletVersion: version.Get().GitVersion},
		},
	}
}

func defaultStorageClass() *storagev1.StorageClass {
	reclaim, binding := corev1.PersistentVolumeReclaimDelete, storagev1.VolumeBindingImmediate
	return &storagev1.StorageClass{
		ObjectMeta:        metav1.ObjectMeta{Name: storageClass, Annotations: map[string]string{"storageclass.kubernetes.io/is-default-class": "true"}},
		Provisioner:       "kwok.x-k8s.io/volume",
		ReclaimPolicy:     &reclaim,
		VolumeBindingMode: &binding,
	}
}

// metricsService leads the API server out of the cluster, to the process on this machine.
func metricsService(s site) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: metricsServiceName, Namespace: "kube-system"},
		Spec: corev1.ServiceSpec{
			Type:         corev1.ServiceTypeExternalName,
			ExternalName: "localhost",
			Ports:        []corev1.ServicePort{{Name: "https", Port: int32(s.metrics)}},
		},
	}
}

func metricsRegistration(s site) *apiregistrationv1.APIService {
	port := int32(s.metrics)
	return &apiregistrationv1.APIService{
		ObjectMeta: metav1.ObjectMeta{Name: metricsAPIService},
		Spec: apiregistrationv1.APIServiceSpec{
			Group:                 "metrics.k8s.io",
			Version:               "v1beta1",
			Service:               &apiregistrationv1.ServiceReference{Name: metricsServiceName, Namespace: "kube-system", Port: &port},
			InsecureSkipTLSVerify: true,
			GroupPriorityMinimum:  100,
			VersionPriority:       100,
		},
	}
}

// These answer nil when what they are named after is true, and otherwise say what is still missing.

func (c clients) serverReady(ctx context.Context) error {
	_, err := c.kubernetes.RESTClient().Get().AbsPath("/readyz").DoRaw(ctx)
	return err
}

func (c clients) nodesReady(ctx context.Context) error {
	nodes, err := c.kubernetes.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	if len(nodes.Items) < nodeCount {
		return fmt.Errorf("only %d of %d nodes exist", len(nodes.Items), nodeCount)
	}
	for _, node := range nodes.Items {
		ready := slices.ContainsFunc(node.Status.Conditions, func(condition corev1.NodeCondition) bool {
			return condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionTrue
		})
		if !ready {
			return fmt.Errorf("%s is not Ready", node.Name)
		}
		if len(node.Spec.Taints) > 0 {
			return fmt.Errorf("%s still has the taint %s", node.Name, node.Spec.Taints[0].Key)
		}
	}
	return nil
}

func (c clients) defaultAccountExists(ctx context.Context) error {
	_, err := c.kubernetes.CoreV1().ServiceAccounts("default").Get(ctx, "default", metav1.GetOptions{})
	return err
}

func (c clients) metricsAvailable(ctx context.Context) error {
	registration, err := c.aggregator.ApiregistrationV1().APIServices().Get(ctx, metricsAPIService, metav1.GetOptions{})
	if err != nil {
		return err
	}
	for _, condition := range registration.Status.Conditions {
		if condition.Type == apiregistrationv1.Available {
			if condition.Status == apiregistrationv1.ConditionTrue {
				return nil
			}
			return fmt.Errorf("%s: %s", condition.Reason, condition.Message)
		}
	}
	return errors.New("nobody has tried it yet")
}
