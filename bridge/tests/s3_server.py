"""moto's S3 behind two things that moto does not do: botocore checks every signature, and faults are planted."""

import datetime
import io
import json
import re
import select
import socket
import socketserver
import ssl
import threading
import urllib.parse
import wsgiref.simple_server

import botocore.auth
import botocore.awsrequest
import botocore.credentials
from moto.backends import get_backend
from moto.server import DomainDispatcherApplication, create_backend_app

REGION = "eu-central-1"
BUCKET = "wherry-test"
SECRETS = {"AKIDTEST": "secret/of+the=test", "AKIDOLD": "secret of the past"}


class S3Server:
    """Serves on a port of this machine until closed. `requests` are (method, path with query, status), in order."""

    def __init__(self, certificate=None):
        """`certificate`: the folder of cert.pem and key.pem for localhost, where it is to speak TLS."""
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._faults: list = []
        self._lock = threading.Lock()
        self.requests: list = []
        self.regions: list = []
        self.tokens: list = []
        self.wrong_signatures: list = []
        self._server = Threading(("127.0.0.1", 0), Quiet)
        self._server.set_app(self._answer)
        self.url, self._trusted = f"http://127.0.0.1:{self._server.server_port}", None
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(str(certificate / "cert.pem"), str(certificate / "key.pem"))
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            self.url, self._trusted = f"https://localhost:{self._server.server_port}", str(certificate / "cert.pem")
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        self.client().create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.requests.clear()
        self.tokens.clear()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        get_backend("s3").reset()

    def client(self):
        import boto3

        return boto3.client(
            "s3",
            region_name=REGION,
            endpoint_url=self.url,
            verify=self._trusted,
            aws_access_key_id="AKIDTEST",
            aws_secret_access_key=SECRETS["AKIDTEST"],
        )

    def fail(self, pattern: str, *answers) -> None:
        """The next requests whose `METHOD /path?query` matches are answered so: a status with a code, or a callable
        that is given what moto answers: (status, headers, body)."""
        with self._lock:
            self._faults += [(re.compile(pattern), answer) for answer in answers]

    def get(self, key: str) -> bytes:
        return self.client().get_object(Bucket=BUCKET, Key=key)["Body"].read()

    def keys(self) -> list:
        found = self.client().list_objects_v2(Bucket=BUCKET).get("Contents", [])
        return [item["Key"] for item in found]

    def _answer(self, environ, start_response):
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        method, target = environ["REQUEST_METHOD"], environ["wherry.target"]
        wrong = self._wrong_signature(environ, method, target)
        with self._lock:
            line = f"{method} {target}"
            at = next((at for at, (pattern, _) in enumerate(self._faults) if pattern.search(line)), None)
            fault = self._faults.pop(at)[1] if at is not None else None
        if wrong:
            self.wrong_signatures.append(wrong)
            status, headers, content = error(403, "SignatureDoesNotMatch")
        elif isinstance(fault, tuple):
            status, headers, content = error(*fault)
        else:
            status, headers, content = self._ask_moto(environ)
            if callable(fault):
                status, headers, content = fault(status, headers, content)
        self.requests.append((method, target, status))
        start_response(f"{status} -", headers)
        return [content]

    def _ask_moto(self, environ):
        noted = {}

        def note(status, headers, _=None):
            noted.update(status=int(status.split()[0]), headers=list(headers))

        content = b"".join(self._moto(environ, note))
        return noted["status"], noted["headers"], content

    def _wrong_signature(self, environ, method: str, target: str):
        found = re.match(
            r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/s3/aws4_request, "
            r"SignedHeaders=([^,]+), Signature=(\w+)$",
            environ.get("HTTP_AUTHORIZATION", ""),
        )
        if not found:
            return f"{method} {target}: no signature"
        access, _, region, names, signature = found.groups()
        self.regions.append(region)
        headers = {name: environ.get("HTTP_" + name.upper().replace("-", "_"), "") for name in names.split(";")}
        self.tokens.append(headers.get("x-amz-security-token"))
        request = botocore.awsrequest.AWSRequest(method, f"http://{headers['host']}{target}", headers=headers)
        request.context["timestamp"] = headers["x-amz-date"]
        credentials = botocore.credentials.Credentials(access, SECRETS[access], headers.get("x-amz-security-token"))
        signer = botocore.auth.S3SigV4Auth(credentials, "s3", region)
        canonical = signer.canonical_request(request)
        expected = signer.signature(signer.string_to_sign(request, canonical), request)
        if signature != expected:
            return f"{method} {target}: botocore would sign\n{canonical}"
        return None


def error(status: int, code: str, **headers: str):
    text = f"<Error><Code>{code}</Code><Message>planted {code}</Message></Error>"
    return status, [("Content-Type", "application/xml"), *headers.items()], text.encode()


def dropped(status, headers, content):
    """An answer whose connection closes before all of it has come."""
    others = [header for header in headers if header[0].lower() != "content-length"]
    return status, [*others, ("Content-Length", str(len(content) + 7))], content


class Threading(socketserver.ThreadingMixIn, wsgiref.simple_server.WSGIServer):
    daemon_threads = True


class Quiet(wsgiref.simple_server.WSGIRequestHandler):
    def log_message(self, *_):
        pass

    def get_environ(self):
        environ = super().get_environ()
        # As it came: WSGI decodes the path, which a signature is not made of.
        environ["wherry.target"] = self.path
        return environ


class Proxy:
    """Opens tunnels, as an HTTP proxy does for https, and notes what it was asked for."""

    def __init__(self):
        self.asked = asked = []

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                lines = [line.decode().strip() for line in iter(self.rfile.readline, b"\r\n")]
                asked.append(lines)
                host, _, port = lines[0].split()[1].rpartition(":")
                with socket.create_connection((host, int(port))) as there:
                    self.connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                    relay(self.connection, there)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def relay(one, other) -> None:
    ways = {one: other, other: one}
    while True:
        for source in select.select(list(ways), [], [])[0]:
            content = source.recv(1 << 16)
            if not content:
                return
            ways[source].sendall(content)


class CredentialsEndpoint:
    """The container's credentials endpoint: asks for its token, and hands out one answer after the other, the last
    again and again."""

    TOKEN = "token of the container"

    def __init__(self, *answers: dict):
        self.asked = 0
        self._answers = answers or (credentials(),)
        self._server = Threading(("127.0.0.1", 0), Quiet)
        self._server.set_app(self._answer)
        self.url = f"http://127.0.0.1:{self._server.server_port}/v2/credentials?id=1"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def environment(self) -> dict:
        return {"AWS_CONTAINER_CREDENTIALS_FULL_URI": self.url, "AWS_CONTAINER_AUTHORIZATION_TOKEN": self.TOKEN}

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, environ, start_response):
        if environ.get("HTTP_AUTHORIZATION") != self.TOKEN or environ["wherry.target"] != "/v2/credentials?id=1":
            start_response("401 -", [])
            return [b"{}"]
        answer = self._answers[min(self.asked, len(self._answers) - 1)]
        self.asked += 1
        start_response("200 -", [("Content-Type", "application/json")])
        return [json.dumps(answer).encode()]


def credentials(access: str = "AKIDTEST", seconds: int = 3600) -> dict:
    until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return {
        "RoleArn": "arn:aws:iam::123456789012:role/task",
        "AccessKeyId": access,
        "SecretAccessKey": SECRETS[access],
        "Token": "session token/+=",
        "Expiration": until.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
