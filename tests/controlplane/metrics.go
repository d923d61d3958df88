package main

import (
	"crypto/tls"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	metricsv1beta1 "k8s.io/metrics/pkg/apis/metrics/v1beta1"
)

const metricsVersion = "metrics.k8s.io/v1beta1"

// What a container without requests is said to use.
var (
	defaultCPU    = resource.MustParse("10m")
	defaultMemory = resource.MustParse("16Mi")
)

// runMetricsServer serves metrics.k8s.io for pods that do no work: a running pod uses what it requests, or what its
// annotations controlplane.test/cpu and controlplane.test/memory say.
func runMetricsServer() int {
	flags := flag.NewFlagSet("metrics-server", flag.ExitOnError)
	kubeconfig := flags.String("kubeconfig", "", "who reads the pods")
	address := flags.String("address", "", "where to serve")
	certificate := flags.String("tls-cert-file", "", "the serving certificate")
	key := flags.String("tls-private-key-file", "", "its key")
	flags.Parse(os.Args[1:])

	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		fmt.Fprintln(os.Stderr, "could not read the kubeconfig:", err)
		return 1
	}
	config.QPS, config.Burst = 500, 1000
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		fmt.Fprintln(os.Stderr, "could not make a client:", err)
		return 1
	}
	server := http.Server{
		Addr:    *address,
		Handler: metricsHandler(client),
		// The API server speaks HTTP/2 to it otherwise, and holds on to a dead connection for long.
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){},
	}
	fmt.Fprintln(os.Stderr, server.ListenAndServeTLS(*certificate, *key))
	return 1
}

func metricsHandler(client kubernetes.Interface) http.Handler {
	routes := http.NewServeMux()
	root := "GET /apis/" + metricsVersion
	routes.HandleFunc(root, func(answer http.ResponseWriter, _ *http.Request) {
		write(answer, metricsResources())
	})
	routes.HandleFunc(root+"/pods", func(answer http.ResponseWriter, request *http.Request) {
		writePods(answer, request, client)
	})
	routes.HandleFunc(root+"/namespaces/{namespace}/pods", func(answer http.ResponseWriter, request *http.Request) {
		writePods(answer, request, client)
	})
	routes.HandleFunc(root+"/namespaces/{namespace}/pods/{name}", func(answer http.ResponseWriter, request *http.Request) {
		pod, err := client.CoreV1().Pods(request.PathValue("namespace")).Get(request.Context(), request.PathValue("name"), metav1.GetOptions{})
		if err != nil {
			http.Error(answer, err.Error(), http.StatusNotFound)
			return
		}
		metrics := podMetrics(pod, time.Now())
		metrics.TypeMeta = metav1.TypeMeta{APIVersion: metricsVersion, Kind: "PodMetrics"}
		write(answer, metrics)
	})
	routes.HandleFunc(root+"/nodes", func(answer http.ResponseWriter, request *http.Request) {
		writeNodes(answer, request, client)
	})
	return routes
}

func metricsResources() metav1.APIResourceList {
	verbs := metav1.Verbs{"get", "list"}
	return metav1.APIResourceList{
		TypeMeta:     metav1.TypeMeta{APIVersion: "v1", Kind: "APIResourceList"},
		GroupVersion: metricsVersion,
		APIResources: []metav1.APIResource{
			{Name: "nodes", Kind: "NodeMetrics", Verbs: verbs},
			{Name: "pods", Kind: "PodMetrics", Namespaced: true, Verbs: verbs},
		},
	}
}

func writePods(answer http.ResponseWriter, request *http.Request, client kubernetes.Interface) {
	pods, err := client.CoreV1().Pods(request.PathValue("namespace")).List(request.Context(), metav1.ListOptions{
		LabelSelector: request.URL.Query().Get("labelSelector"),
		// Any version will do: the API server answers from memory.
		ResourceVersion: "0",
	})
	if err != nil {
		http.Error(answer, err.Error(), http.StatusBadGateway)
		return
	}
	list := metricsv1beta1.PodMetricsList{
		TypeMeta: metav1.TypeMeta{APIVersion: metricsVersion, Kind: "PodMetricsList"},
		Items:    []metricsv1beta1.PodMetrics{},
	}
	now := time.Now()
	for _, pod := range pods.Items {
		if pod.Status.Phase == corev1.PodRunning {
			list.Items = append(list.Items, podMetrics(&pod, now))
		}
	}
	write(answer, list)
}

func podMetrics(pod *corev1.Pod, now time.Time) metricsv1beta1.PodMetrics {
	metrics := metricsv1beta1.PodMetrics{
		ObjectMeta: metav1.ObjectMeta{Name: pod.Name, Namespace: pod.Namespace, Labels: pod.Labels, CreationTimestamp: metav1.NewTime(now)},
		Timestamp:  metav1.NewTime(now),
		Window:     metav1.Duration{Duration: time.Second},
	}
	for position, container := range runningContainers(pod) {
		usage := corev1.ResourceList{
			corev1.ResourceCPU:    orDefault(container.Resources.Requests.Cpu(), defaultCPU),
			corev1.ResourceMemory: orDefault(container.Resources.Requests.Memory(), defaultMemory),
		}
		annotate(usage, corev1.ResourceCPU, pod.Annotations["controlplane.test/cpu"], position)
		annotate(usage, corev1.ResourceMemory, pod.Annotations["controlplane.test/memory"], position)
		metrics.Containers = append(metrics.Containers, metricsv1beta1.ContainerMetrics{Name: container.Name, Usage: usage})
	}
	return metrics
}

// runningContainers are the pod's own and its sidecars, which are written as init containers that always restart.
func runningContainers(pod *corev1.Pod) []corev1.Container {
	containers := slices.Clone(pod.Spec.Containers)
	for _, container := range pod.Spec.InitContainers {
		if container.RestartPolicy != nil && *container.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			containers = append(containers, container)
		}
	}
	return containers
}

// annotate makes the whole pod use what its annotation says: the first container all of it, the others nothing.
func annotate(usage corev1.ResourceList, name corev1.ResourceName, annotation string, position int) {
	quantity, err := resource.ParseQuantity(annotation)
	if err != nil {
		return
	}
	if position > 0 {
		quantity = resource.Quantity{}
	}
	usage[name] = quantity
}

func orDefault(quantity *resource.Quantity, otherwise resource.Quantity) resource.Quantity {
	if quantity.IsZero() {
		return otherwise
	}
	return *quantity
}

func writeNodes(answer http.ResponseWriter, request *http.Request, client kubernetes.Interface) {
	nodes, err := client.CoreV1().Nodes().List(request.Context(), metav1.ListOptions{ResourceVersion: "0"})
	if err != nil {
		http.Error(answer, err.Error(), http.StatusBadGateway)
		return
	}
	list := metricsv1beta1.NodeMetricsList{TypeMeta: metav1.TypeMeta{APIVersion: metricsVersion, Kind: "NodeMetricsList"}}
	now := metav1.Now()
	for _, node := range nodes.Items {
		list.Items = append(list.Items, metricsv1beta1.NodeMetrics{
			ObjectMeta: metav1.ObjectMeta{Name: node.Name, CreationTimestamp: now},
			Timestamp:  now,
			Window:     metav1.Duration{Duration: time.Second},
			Usage:      corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1"), corev1.ResourceMemory: resource.MustParse("1Gi")},
		})
	}
	write(answer, list)
}

func write(answer http.ResponseWriter, value any) {
	answer.Header().Set("Content-Type", "application/json")
	json.NewEncoder(answer).Encode(value)
}
