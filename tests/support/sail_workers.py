"""Workers of Sail as processes of their own, which can be killed: as much of Kubernetes' API as its server asks for."""

import contextlib
import http.server
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid

HERE = "127.0.0.1"
SAIL = pathlib.Path(sys.prefix) / "bin/sail"
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
SERVERS = []
WORKERS = []


class Pods(http.server.BaseHTTPRequestHandler):
    """A pod that is asked for becomes a process on this machine."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        pod = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        # What a pod takes from its own description is the address of this machine.
        told = {variable["name"]: variable.get("value") or HERE for variable in pod["spec"]["containers"][0]["env"]}
        environment = os.environ | told | {"SAIL_MODE": "local"}
        environment |= {f"SAIL_CLUSTER__WORKER_{side}_HOST": HERE for side in ("LISTEN", "EXTERNAL")}
        WORKERS.append(subprocess.Popen([SAIL, "worker"], env=environment, **QUIET))
        pod["metadata"]["uid"] = str(uuid.uuid4())
        self.answer(201, pod)

    def do_GET(self):
        self.answer(200, {"apiVersion": "v1", "kind": "PodList", "metadata": {}, "items": []})

    def do_DELETE(self):
        self.answer(200, {"apiVersion": "v1", "kind": "Status", "status": "Success"})

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


def serve():
    """Starts a server with two workers, which it misses some seconds after they are gone; tells its port."""
    pods = http.server.ThreadingHTTPServer((HERE, 0), Pods)
    threading.Thread(target=pods.serve_forever, daemon=True).start()
    named = {"name": "ici"}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [named | {"cluster": {"server": f"http://{HERE}:{pods.server_port}"}}],
        "users": [named | {"user": {}}],
        "contexts": [named | {"context": {"cluster": "ici", "user": "ici", "namespace": "default"}}],
        "current-context": "ici",
    }
    path = pathlib.Path(tempfile.mkdtemp()) / "kubeconfig.json"
    path.write_text(json.dumps(config))
    os.environ |= {
        "KUBECONFIG": str(path),
        "SAIL_MODE": "kubernetes-cluster",
        "SAIL_EXECUTION__DEFAULT_PARALLELISM": "2",
        "SAIL_CLUSTER__WORKER_INITIAL_COUNT": "2",
        "SAIL_CLUSTER__WORKER_MAX_COUNT": "3",
        "SAIL_CLUSTER__WORKER_TASK_SLOTS": "64",
        "SAIL_CLUSTER__WORKER_HEARTBEAT_INTERVAL_SECS": "1",
        "SAIL_CLUSTER__WORKER_HEARTBEAT_TIMEOUT_SECS": "6",
        "SAIL_CLUSTER__DRIVER_LISTEN_HOST": HERE,
        "SAIL_CLUSTER__DRIVER_EXTERNAL_HOST": HERE,
    }
    with socket.create_server((HERE, 0)) as free:
        port = free.getsockname()[1]
    SERVERS.append(subprocess.Popen([SAIL, "spark", "server", "--port", str(port)], **QUIET))
    for _ in range(600):
        with contextlib.suppress(OSError), socket.create_connection((HERE, port), 1):
            return port
        time.sleep(0.1)
    sys.exit("the server does not come")


def kill_one():
    """Ends the first worker without a word."""
    WORKERS[0].kill()


def end():
    for process in SERVERS + WORKERS:
        process.kill()
