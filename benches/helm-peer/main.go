// Command helm-peer times Helm's own engine in process, on one core: for each chart folder it prints the microseconds
// of a cold render (loaded from its files) and of a warm one (the chart is loaded and its dependencies are processed).
package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"sort"
	"time"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	"helm.sh/helm/v4/pkg/engine"
	releaseutil "helm.sh/helm/v4/pkg/release/v1/util"
)

const measured = 1500 * time.Millisecond

func main() {
	runtime.GOMAXPROCS(1)
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
	for _, path := range os.Args[1:] {
		cold := median(func(int) {
			c := load(path)
			values := map[string]any{}
			must(chartutil.ProcessDependencies(c, values))
			render(c, values)
		})
		c := load(path)
		must(chartutil.ProcessDependencies(c, map[string]any{}))
		warm := median(func(turn int) { render(c, map[string]any{"bench": []string{"one", "two"}[turn%2]}) })
		fmt.Printf("%s\t%d\t%d\n", path, cold.Microseconds(), warm.Microseconds())
	}
}

func median(turn func(int)) time.Duration {
	var times []time.Duration
	started := time.Now()
	for time.Since(started) < measured || len(times) < 10 {
		before := time.Now()
		turn(len(times))
		times = append(times, time.Since(before))
	}
	sort.Slice(times, func(i, j int) bool { return times[i] < times[j] })
	return times[len(times)/2]
}

func load(path string) *chart.Chart {
	c, err := loader.Load(path)
	must(err)
	return c
}

func render(c *chart.Chart, values map[string]any) {
	caps := common.DefaultCapabilities.Copy()
	version, err := common.ParseKubeVersion("1.33.4")
	must(err)
	caps.KubeVersion = *version
	options := common.ReleaseOptions{Name: "demo", Namespace: "default", Revision: 1, IsInstall: true}
	scope, err := util.ToRenderValues(c, values, options, caps)
	must(err)
	files, err := engine.Render(c, scope)
	must(err)
	for name := range files {
		if len(name) > 9 && name[len(name)-9:] == "NOTES.txt" {
			delete(files, name)
		}
	}
	_, _, err = releaseutil.SortManifests(files, nil, releaseutil.InstallOrder)
	must(err)
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
