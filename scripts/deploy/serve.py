#!/usr/bin/env python3
"""serve - a small model server: answers predictions with a joblib model, and exchanges the model while it serves.

    POST /predict   [[1, 2], [3, 4]]  ->  {"model": "3f2a…", "predictions": [0, 1]}
    POST /reload    loads the model file anew; what cannot be loaded leaves the old one in place. From this machine only
    GET  /healthz   {"model": "3f2a…"}

It takes the socket it was started with (`safeguard run --listen ADDRESS:PORT -- serve.py MODEL`), else it
opens --address. It knows nothing of safeguard: a refused model is a PermissionError like any other.
"""

import argparse
import http.server
import json
import os
import signal
import socket
import sys
import threading
from hashlib import sha256
from http import HTTPStatus
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import joblib
import numpy as np

BODY_MAX = 1 << 20
FIRST_SOCKET = 3  # of those that sd_listen_fds(3) counts


class Model:
    """What a file held when it was loaded."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self.predictor = joblib.load(file)
            file.seek(0)
            self.name = sha256(file.read()).hexdigest()[:12]

    def predict(self, rows: Any) -> list[Any]:
        answers: list[Any] = self.predictor.predict(np.asarray(rows, dtype=float)).tolist()
        return answers


class Server(http.server.ThreadingHTTPServer):
    """Requests that are under way keep the model they began with."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, door: socket.socket, path: Path) -> None:
        super().__init__(door.getsockname()[:2], Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = door
        self.path = path
        self.reloading = threading.Lock()
        self.model = Model(path)

    def reload(self) -> None:
        with self.reloading:
            self.model = Model(self.path)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 60
    server: Server

    def do_GET(self) -> None:
        if self.path == "/healthz":
            self.answer(HTTPStatus.OK, {"model": self.server.model.name})
        else:
            self.answer(HTTPStatus.NOT_FOUND, {"error": "there are /predict, /reload and /healthz"})

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > BODY_MAX:
            self.close_connection = True
            self.answer(HTTPStatus.BAD_REQUEST, {"error": f"no length up to {BODY_MAX} bytes"})
            return
        body = self.rfile.read(int(length))
        if self.path == "/predict":
            self.predict(body)
        elif self.path == "/reload":
            self.reload()
        else:
            self.do_GET()

    def predict(self, body: bytes) -> None:
        model = self.server.model
        try:
            predictions = model.predict(json.loads(body))
        except (ValueError, TypeError) as error:
            self.answer(HTTPStatus.BAD_REQUEST, {"error": str(error)})
        else:
            self.answer(HTTPStatus.OK, {"model": model.name, "predictions": predictions})

    def reload(self) -> None:
        if not ip_address(self.client_address[0]).is_loopback:
            self.answer(HTTPStatus.FORBIDDEN, {"error": "reload from this machine only"})
            return
        try:
            self.server.reload()
        except Exception as error:  # noqa: BLE001 - whatever a model file may do wrong
            refused = isinstance(error, PermissionError)
            status = HTTPStatus.FORBIDDEN if refused else HTTPStatus.UNPROCESSABLE_ENTITY
            serving = self.server.model.name
            self.answer(status, {"error": f"{type(error).__name__}: {error}", "model": serving})
        else:
            self.answer(HTTPStatus.OK, {"model": self.server.model.name})

    def answer(self, status: HTTPStatus, what: dict[str, Any]) -> None:
        body = json.dumps(what).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Predictions are too many to tell of."""
        if self.path != "/predict":
            super().log_request(code, size)


def door(address: str) -> socket.socket:
    """The socket that was passed in, else a new one at ADDRESS:PORT."""
    if os.environ.get("LISTEN_PID") == str(os.getpid()) and os.environ.get("LISTEN_FDS") == "1":
        return socket.socket(fileno=FIRST_SOCKET)
    host, _, port = address.rpartition(":")
    return socket.create_server((host, int(port)), backlog=Server.request_queue_size)


def stop(*_: object) -> None:
    """The first process of a container is not ended by SIGTERM unless it sees to that."""
    sys.exit(0)


def main() -> None:
    parser = argparse.ArgumentParser(description="Serves a joblib model over HTTP.")
    parser.add_argument("model", type=Path, help="a file with an object that has predict()")
    parser.add_argument("--address", default="127.0.0.1:8080", help="default %(default)s")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, stop)
    server = Server(door(options.address), options.model)
    host, port = server.socket.getsockname()[:2]
    print(f"serving {server.model.name} at {host}:{port}", file=sys.stderr, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
