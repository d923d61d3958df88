#!/usr/bin/env bash
# Starts a control plane, makes one object of each kind of fate, waits until each has met it, and stops everything.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

program=$(./build.sh | tail -n 1)
dir=$(mktemp -d "${TMPDIR:-/tmp}/controlplane-smoke.XXXXXX")
leave() {
    local status=$?
    "$program" down --dir "$dir" || true
    if ((status == 0)); then rm -rf "$dir"; else echo "smoke: failed; the logs are in $dir/log" >&2; fi
}
trap leave EXIT

kubectl() { "$program" kubectl --kubeconfig "$dir/kubeconfig" "$@"; }
seconds() { date +%s.%N; }
step() { printf 'smoke: %6.1fs  %s\n' "$(echo "$(seconds) - $begun" | bc)" "$*"; }
# expect OBJECT JSONPATH VALUE: waits for the state, at most a minute.
expect() {
    kubectl wait "$1" --for=jsonpath="$2=$3" --timeout=60s >/dev/null || {
        echo "smoke: $1 never had $2 = $3" >&2
        kubectl get "$1" -o yaml >&2
        return 1
    }
    step "$1 has $2 = $3"
}

begun=$(seconds)
"$program" up --dir "$dir"
step "up"
[[ $("$program" up --dir "$dir" 2>&1 | head -n 1) == *"already up"* ]]
"$program" status --dir "$dir"

kubectl apply -f smoke.yaml >/dev/null
expect deployment/good '{.status.availableReplicas}' 3
expect statefulset/stateful '{.status.availableReplicas}' 2
expect daemonset/everywhere '{.status.numberAvailable}' 3
expect pod/gated '{.status.conditions[?(@.type=="Ready")].status}' True
expect deployment/broken '{.status.conditions[?(@.type=="Progressing")].reason}' ProgressDeadlineExceeded
expect deployment/crash '{.status.unavailableReplicas}' 1
expect job/good '{.status.succeeded}' 1
expect job/fail '{.status.conditions[?(@.type=="Failed")].status}' True
expect persistentvolumeclaim/data '{.status.phase}' Bound
expect horizontalpodautoscaler/good '{.status.conditions[?(@.type=="ScalingActive")].status}' True
expect horizontalpodautoscaler/good '{.status.desiredReplicas}' 4
expect deployment/good '{.status.availableReplicas}' 4
for object in service/front ingress/front; do
    address=$(kubectl wait "$object" --for=jsonpath='{.status.loadBalancer.ingress[0].ip}' --timeout=60s -o jsonpath='{.status.loadBalancer.ingress[0].ip}')
    step "$object has the address $address"
done

# pods_wait APP "REASON RESTARTS": waits until the app's one pod waits for that reason.
pods_wait() {
    local deadline=$((SECONDS + 60)) state
    until state=$(kubectl get pods -l "app=$1" -o jsonpath='{.items[*].status.containerStatuses[*].state.waiting.reason} {.items[*].status.containerStatuses[*].restartCount}') && [[ $state == "$2" ]]; do
        if ((SECONDS > deadline)); then
            echo "smoke: the pod of $1 is in \"$state\", never in \"$2\"" >&2
            return 1
        fi
        sleep 0.1
    done
}
pods_wait broken "ImagePullBackOff 0"
pods_wait crash "CrashLoopBackOff 5"
pods_wait crash-first "PodInitializing 0"
kubectl top pods -l app=good >/dev/null
step "pods of broken images wait as they should"

# A ServiceAccount has no rights until it is given some.
"$program" kubeconfig --dir "$dir" --service-account default/default >"$dir/account"
[[ $("$program" kubectl --kubeconfig "$dir/account" auth can-i list secrets || true) == no ]]
"$program" crds gateway-api | kubectl apply --server-side -f - >/dev/null
"$program" crds istio | kubectl apply --server-side -f - >/dev/null
kubectl wait --for=condition=Established crd/httproutes.gateway.networking.k8s.io crd/virtualservices.networking.istio.io --timeout=60s >/dev/null
step "routes of the Gateway API and of Istio are known"

kubectl delete -f smoke.yaml --wait=true --timeout=60s >/dev/null
deadline=$((SECONDS + 60))
until left=$(kubectl get pods,persistentvolumeclaims,persistentvolumes -o name) && [[ -z $left ]]; do
    if ((SECONDS > deadline)); then
        echo "smoke: still there after a minute:" $left >&2
        exit 1
    fi
    sleep 0.1
done
step "everything is deleted"

pids=$(awk '{ print $2 }' "$dir/pids")
"$program" down --dir "$dir"
for pid in $pids; do
    if [[ -e /proc/$pid ]] && ! grep -q '^State:.*Z' "/proc/$pid/status"; then
        echo "smoke: process $pid is left" >&2
        exit 1
    fi
done
if pgrep -af -- "=$dir/" >&2; then
    echo "smoke: the processes above still work in $dir" >&2
    exit 1
fi
step "down, and nothing is left running"

# A supervised control plane ends with its owner: here the pipe into its standard input closes.
mkfifo "$dir/owner"
"$program" up --dir "$dir" --supervise <"$dir/owner" >"$dir/supervised" 2>"$dir/supervisor.log" &
supervisor=$!
exec 8>"$dir/owner"
until [[ -s "$dir/supervised" ]]; do
    kill -0 "$supervisor" || { cat "$dir/supervisor.log" >&2; exit 1; }
    sleep 0.1
done
pids=$(awk '{ print $2 }' "$dir/pids")
exec 8>&-
wait "$supervisor"
for pid in $pids; do
    if [[ -e /proc/$pid ]] && ! grep -q '^State:.*Z' "/proc/$pid/status"; then
        echo "smoke: process $pid outlives its supervisor" >&2
        exit 1
    fi
done
step "supervised, ended with its owner"
