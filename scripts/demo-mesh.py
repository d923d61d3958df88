#!/usr/bin/env python3
"""Stands in for the demo's service mesh: counts requests as Istio's sidecars do, for Prometheus to scrape.

Usage: demo-mesh.py KUBECONFIG PORT

A steady stream of requests follows the weights of every VirtualService to its Services, and their selectors to a
version. Every second request to a version whose image tag begins with "bad-" is answered 503.
"""

import base64
import collections
import http.server
import json
import ssl
import sys
import threading
import time
import urllib.request

import yaml

REQUESTS_PER_SECOND = 100
HASH = "rollouts-pod-template-hash"


class Cluster:
    def __init__(self, kubeconfig):
        with open(kubeconfig, encoding="utf-8") as file:
            config = yaml.safe_load(file)
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        self.server, self.token = cluster["server"], user["token"]
        self.context = ssl.create_default_context(cadata=authority)

    def list(self, path):
        request = urllib.request.Request(self.server + path, headers={"Authorization": "Bearer " + self.token})
        with urllib.request.urlopen(request, context=self.context, timeout=5) as answer:
            return json.load(answer)["items"]


class Mesh:
    def __init__(self, cluster):
        self.cluster = cluster
        self.lock = threading.Lock()
        self.shares = []  # (service, requests a second, whether half of them fail)
        self.counters = collections.Counter()
        self.counted = time.monotonic()

    def follow(self):
        while True:
            try:
                shares = list(self.look())
                with self.lock:
                    self.count()
                    self.shares = shares
            except OSError:
                pass  # the cluster is not there yet, or not any more
            time.sleep(0.5)

    def look(self):
        images = {}
        for replica_set in self.cluster.list("/apis/apps/v1/replicasets"):
            labels = replica_set["metadata"].get("labels", {})
            images[labels.get(HASH)] = replica_set["spec"]["template"]["spec"]["containers"][0]["image"]
        selectors = {}
        for service in self.cluster.list("/api/v1/services"):
            name = service["metadata"]["name"] + "." + service["metadata"]["namespace"]
            selectors[name] = service["spec"].get("selector") or {}
        for route in self.cluster.list("/apis/networking.istio.io/v1/virtualservices"):
            for http_route in route["spec"].get("http", []):
                for part in http_route.get("route", []):
                    name = part["destination"]["host"] + "." + route["metadata"]["namespace"]
                    image = images.get(selectors.get(name, {}).get(HASH), "")
                    is_bad = image.rpartition(":")[2].startswith("bad-")
                    requests = REQUESTS_PER_SECOND * part.get("weight", 100) / 100
                    yield name + ".svc.cluster.local", requests, is_bad

    def count(self):
        now = time.monotonic()
        passed, self.counted = now - self.counted, now
        for service, requests, is_bad in self.shares:
            failed = requests * passed * (0.5 if is_bad else 0)
            self.counters[service, 200] += requests * passed - failed
            self.counters[service, 503] += failed

    def metrics(self):
        with self.lock:
            self.count()
            counters = dict(self.counters)
        lines = ["# TYPE istio_requests_total counter"]
        for (service, code), count in sorted(counters.items()):
            labels = f'reporter="source",destination_service="{service}",response_code="{code}"'
            lines.append(f"istio_requests_total{{{labels}}} {count:.0f}")
        return "\n".join(lines) + "\n"


def main():
    mesh = Mesh(Cluster(sys.argv[1]))
    threading.Thread(target=mesh.follow, daemon=True).start()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = mesh.metrics().encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Handler).serve_forever()


main()
