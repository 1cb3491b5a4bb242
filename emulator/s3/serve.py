"""Serves S3 on a free loopback port: moto's S3, kept on disk by `folder.py`.

Prints `{"port": N}` on standard output when it is ready, and ends when standard input closes, so that it never
outlives the emulator that started it. moto's own server loads every AWS service and closes the connection after each
request; this one calls moto's S3 responses directly and keeps connections alive.
"""

import argparse
import io
import json
import os
import re
import signal
import socket
import socketserver
import struct
import sys
import threading
import time
import traceback
import urllib.request
from http.server import BaseHTTPRequestHandler
from urllib.parse import unquote, urlsplit
from xml.sax.saxutils import escape

from moto.core.request import (
    PRESERVED_HEADER_NAMES_ENVIRON_KEY,
    Request,
    environ_key_for_header,
    should_preserve_original_header_name,
)
from moto.s3.responses import S3Response

from folder import Folder

BODILESS = {204, 304}
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class S3Request(Request):
    """moto fills in the Date header itself unless a server does, and this server does."""

    from_wsgi_server = True


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: "Server"

    def answer(self) -> None:
        body = self.read_body()
        if self.path == "/_emulator/ask":
            self.server.ask_at = body.decode() or None
            return self.send(200, {}, b"")
        interference = self.server.interference(self.command, self.path)
        if interference and not interference["isDone"]:
            return self.interfere(interference["answer"])
        # One request at a time: moto looks for an object and then writes it without holding anything, so of two
        # `If-None-Match: *` puts both would win. What is slow, the two transfers, is outside the lock.
        with self.server.lock:
            place = bucket_and_key(self.path)
            self.server.folder.forget_if_missing(*place)
            status, headers, content = respond(self.request_from(body))
            if self.command not in ("GET", "HEAD") and status < 300:
                try:
                    self.server.folder.keep(*place)
                except OSError as error:
                    # A full disk, say: what was not kept is not there, and may be put again.
                    self.server.folder.discard(*place)
                    print(f"cannot keep {self.path}: {error}", file=sys.stderr, flush=True)
                    status, headers, content = failure(500, "InternalError", f"It cannot be kept: {error}")
        if interference:
            return self.interfere(interference["answer"])
        self.send(status, headers, content)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_OPTIONS = answer

    def interfere(self, answer: str | dict) -> None:
        if answer != "cut":
            return self.send(*failure(answer["status"], answer["type"], answer["message"]))
        # Closed with this, a connection is reset and not ended.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise ConnectionAbortedError

    def handle_expect_100(self) -> bool:
        super().handle_expect_100()
        self.wfile.flush()
        return True

    def read_body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return b"".join(self.read_chunks())
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def read_chunks(self):
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass

    def request_from(self, body: bytes) -> S3Request:
        url = urlsplit(self.path)
        names: dict[str, str] = {}
        environ = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(url.path).encode().decode("latin-1"),
            "QUERY_STRING": url.query,
            "RAW_URI": self.path,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": str(self.server.server_address[1]),
            "SERVER_PROTOCOL": self.request_version,
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
        }
        for name, value in self.headers.items():
            if "_" in name:
                # x-amz-meta-a_b and x-amz-meta-a-b are two keys to S3; moto looks here for the spelling.
                if not should_preserve_original_header_name(name):
                    continue
                names.setdefault(environ_key_for_header(name), name)
            key = environ_key_for_header(name)
            environ[key] = f"{environ[key]},{value}" if key in environ else value
        # The body is read and whole; werkzeug would take a chunked one that says so for empty.
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        environ["CONTENT_LENGTH"] = str(len(body))
        environ[PRESERVED_HEADER_NAMES_ENVIRON_KEY] = names
        return S3Request(environ)

    def send(self, status: int, headers: dict[str, str], content: bytes) -> None:
        names = {name.lower() for name in headers}
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in ("content-length", "connection", "date", "server"):
                self.send_header(name, str(value))
        if self.command == "HEAD" and "content-length" in names:
            length = next(value for name, value in headers.items() if name.lower() == "content-length")
            self.send_header("Content-Length", str(length))
        elif status not in BODILESS:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD" and status not in BODILESS:
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: the emulator logs what matters."""


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, folder: Folder):
        self.folder = folder
        self.lock = threading.Lock()
        # Where the emulator says what is to go wrong; None while nothing is.
        self.ask_at: str | None = None
        super().__init__(("127.0.0.1", 0), Handler)

    def interference(self, method: str, target: str) -> dict | None:
        if self.ask_at is None:
            return None
        asked = json.dumps({"method": method, "target": target}).encode()
        with DIRECT.open(urllib.request.Request(self.ask_at, asked, method="POST")) as answer:
            return json.load(answer).get("interference")

    def handle_error(self, request, client_address) -> None:
        error = sys.exc_info()[1]
        # A client that hangs up is no error of ours.
        if not isinstance(error, (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)


def respond(request: S3Request) -> tuple[int, dict[str, str], bytes]:
    """Calls the responder that moto's own routing table (moto/s3/urls.py) names for this path."""
    path = request.raw_path
    if path == "/":
        dispatch = S3Response.bucket_dispatch
    elif re.fullmatch(r"/[^/]+/?", path):
        dispatch = S3Response.ambiguous_dispatch
    else:
        dispatch = S3Response.key_dispatch
    try:
        status, headers, content = dispatch(request, request.raw_url, dict(request.headers))
    except NotImplementedError as error:
        return failure(501, "NotImplemented", str(error))
    except Exception as error:
        traceback.print_exc()
        return failure(500, "InternalError", repr(error))
    return status, headers, content.encode() if isinstance(content, str) else content


def failure(status: int, code: str, message: str) -> tuple[int, dict[str, str], bytes]:
    body = f"<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    return status, {"Content-Type": "application/xml"}, body.encode()


def bucket_and_key(target: str) -> tuple[str, str]:
    bucket, _, key = unquote(urlsplit(target).path.removeprefix("/")).partition("/")
    return bucket, key


def log_cpu() -> None:
    if path := os.environ.get("WHERRY_CPU_LOG"):
        with open(path, "a") as log:
            log.write(json.dumps({"process": "s3", "cpuSeconds": round(time.process_time(), 3)}) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", required=True)
    parser.add_argument("--region", required=True)
    options = parser.parse_args()
    # Ctrl-C reaches the whole foreground group; the emulator decides when its S3 ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    server = Server(Folder(options.folder, options.region))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"port": server.server_address[1]}), flush=True)
    sys.stdin.buffer.read()
    with server.lock:
        server.folder.close()
        log_cpu()
        # The connections' threads wait for requests that will not come.
        os._exit(0)


if __name__ == "__main__":
    main()
