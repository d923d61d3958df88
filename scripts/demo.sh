#!/usr/bin/env bash
# Plays the story on a local control plane: two repositories, an agent with its real rights, Prometheus and a stand-in
# for the mesh, and what to try next.
# Ctrl-C ends it and leaves nothing running. `demo.sh --once` ends by itself once all is well (for tests).
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${WINDLASS_DEMO_DIR:-$PWD/.demo}
listen=${WINDLASS_DEMO_LISTEN:-127.0.0.1:8080}

echo "building windlass (the first time takes some minutes)"
cargo build --release --workspace --quiet --bin windlass
plane=$(tests/controlplane/build.sh | tail -n 1)

rm -rf "$folder"
mkdir -p "$folder/repositories"
agent=
helpers=()
end() {
  trap - EXIT INT TERM
  echo
  echo "ending the demo"
  for process in $agent "${helpers[@]}"; do
    kill "$process" 2>/dev/null || true
    wait "$process" 2>/dev/null || true
  done
  "$plane" down --dir "$folder/plane" >/dev/null 2>&1 || true
  exit "${1:-0}"
}
trap 'end 1' EXIT
trap 'end 0' INT TERM

"$plane" up --dir "$folder/plane" >/dev/null
kubectl() { "$plane" kubectl --kubeconfig "$folder/plane/kubeconfig" "$@"; }

echo "making two repositories from examples/production"
for name in environment applications; do
  git init -q --bare -b main "$folder/repositories/$name.git"
  cp -r "examples/production/$name" "$folder/$name"
  git -C "$folder/$name" init -q -b main
  git -C "$folder/$name" add -A
  git -C "$folder/$name" -c user.name=demo -c user.email=demo@example.com commit -q -m "Production as it is"
  git -C "$folder/$name" push -q "$folder/repositories/$name.git" main
done

echo "installing windlass' definitions and roles"
kubectl apply --server-side -f manifests/namespace.yaml >/dev/null
kubectl apply --server-side -k manifests/crds >/dev/null
"$plane" crds istio | kubectl apply --server-side -f - >/dev/null
kubectl wait --for=condition=Established crd --all --timeout=60s >/dev/null
kubectl apply --server-side -f manifests/rbac.yaml -f manifests/apply-role.yaml >/dev/null
"$plane" kubeconfig --dir "$folder/plane" --service-account argocd/windlass >"$folder/agent.kubeconfig"

free_ports() { python3 - "$1" <<'PYTHON'
import socket, sys
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
print(*(one.getsockname()[1] for one in sockets))
PYTHON
}
read -r mesh prometheus <<<"$(free_ports 2)"
echo "starting Prometheus and the stand-in for the mesh"
scripts/demo-mesh.py "$folder/plane/kubeconfig" "$mesh" 2>"$folder/mesh.log" &
helpers+=($!)
cat >"$folder/prometheus.yml" <<TEXT
scrape_configs: [{job_name: mesh, scrape_interval: 1s, static_configs: [{targets: ['127.0.0.1:$mesh']}]}]
TEXT
prometheus --config.file="$folder/prometheus.yml" --storage.tsdb.path="$folder/metrics" \
  --web.listen-address="127.0.0.1:$prometheus" 2>"$folder/prometheus.log" &
helpers+=($!)

"${CARGO_TARGET_DIR:-target}/release/windlass" agent --kubeconfig "$folder/agent.kubeconfig" --listen "$listen" \
  --cache-dir "$folder/cache" --local-repository "$folder/repositories" \
  --rewrite-url "https://git.example.com/=file://$folder/repositories/" \
  --rewrite-url "http://monitoring-server.monitoring=http://127.0.0.1:$prometheus" 2>"$folder/agent.log" &
agent=$!
kubectl apply --server-side -f "$folder/environment/project.yaml" -f "$folder/environment/apps.yaml" >/dev/null 2>&1

echo "waiting until everything is Synced and Healthy"
for _ in $(seq 1 600); do
  kill -0 "$agent" 2>/dev/null || { echo "the agent has ended:"; tail -n 20 "$folder/agent.log"; end 1; }
  states=$(kubectl get applications -n argocd -o jsonpath='{range .items[*]}{.status.sync.status}/{.status.health.status}{"\n"}{end}')
  if [ "$(grep -c '^Synced/Healthy$' <<<"$states")" = 5 ]; then break; fi
  sleep 0.2
done
kubectl get applications -n argocd
[ "$(grep -c '^Synced/Healthy$' <<<"$states")" = 5 ] || { echo "not all is well; the agent's log: $folder/agent.log"; end 1; }

cat <<TEXT

All is Synced and Healthy.
  page        http://$listen/
  prometheus  http://127.0.0.1:$prometheus/
  kubeconfig  export KUBECONFIG=$folder/plane/kubeconfig
  kubectl     $(dirname "$plane")/kubectl

Try next:
  make demo-release TAG=1.1.0                                      a release walks to 100 % while Prometheus is asked
  make demo-release TAG=bad-1                                      half of its requests fail: it is rolled back
  kubectl -n production get rollout checkout -w                    watch it
  kubectl -n production scale deployment shop --replicas=5         edit by hand, and see it undone
  kubectl -n argocd get applications -w                            watch
Ctrl-C ends the demo.
TEXT
[ "${1:-}" = --once ] && end 0
wait "$agent" || true
end 1
