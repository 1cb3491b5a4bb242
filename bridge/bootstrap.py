"""Fetches the step and runs it, in an image that knows nothing of Wherry (PROTOCOL.md, section 3).

It is handed over whole in the container's command, where 8,192 characters is the limit of all there is. Before that,
this docstring, blank lines and lines that are only a comment are taken out.
"""
import base64, datetime, hashlib, hmac, json, os, sys, time, urllib.parse, urllib.request, zlib
E = os.environ.get
H = lambda b: hashlib.sha256(b).hexdigest()


def fetch(url, headers={}):
    return urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30).read()


# The task role's credentials, else the environment's.
def credentials():
    url = E("AWS_CONTAINER_CREDENTIALS_FULL_URI")
    rel = E("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
    if rel and not url:
        url = "http://169.254.170.2" + rel
    if not url:
        return os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"], E("AWS_SESSION_TOKEN")
    auth = E("AWS_CONTAINER_AUTHORIZATION_TOKEN")
    if E("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"):
        auth = open(E("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")).read().strip()
    c = json.loads(fetch(url, {"Authorization": auth} if auth else {}))
    return c["AccessKeyId"], c["SecretAccessKey"], c.get("Token")


# Signature Version 4 of a GET with an empty body.
def get(bucket, key):
    access, secret, token = credentials()
    region = E("AWS_REGION") or E("AWS_DEFAULT_REGION") or "us-east-1"
    path = "/" + urllib.parse.quote(key, safe="/-_.~")
    end = E("AWS_ENDPOINT_URL_S3") or E("AWS_ENDPOINT_URL")
    aws = "amazonaws.com" + (".cn" if region.startswith("cn-") else "")
    if end or "." in bucket:
        end, path = end or "https://s3.%s.%s" % (region, aws), "/" + bucket + path
    else:
        end = "https://%s.s3.%s.%s" % (bucket, region, aws)
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    h = {"host": urllib.parse.urlsplit(end).netloc, "x-amz-content-sha256": H(b""), "x-amz-date": now}
    if token:
        h["x-amz-security-token"] = token
    names = ";".join(h)
    text = "\n".join(["GET", path, "", *["%s:%s" % i for i in h.items()], "", names, H(b"")])
    scope = "/".join([now[:8], region, "s3", "aws4_request"])
    text = "\n".join(["AWS4-HMAC-SHA256", now, scope, H(text.encode())])
    k = ("AWS4" + secret).encode()
    for part in scope.split("/") + [text]:
        k = hmac.new(k, part.encode(), hashlib.sha256).digest()
    h["authorization"] = "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s" % (access, scope, names, k.hex())
    return fetch(end.rstrip("/") + path, h)


def step():
    inline = E("WHERRY_STEP_SOURCE")
    if inline:
        return zlib.decompress(base64.b64decode(inline))
    want = os.environ["WHERRY_STEP"]
    bucket, _, prefix = os.environ["WHERRY_SPILL"][5:].partition("/")
    key = "/".join(p for p in [prefix.strip("/"), "steps", want + ".py"] if p)
    for n in range(5):
        try:
            source = get(bucket, key)
            break
        except Exception as e:
            if n == 4 or getattr(e, "code", 500) in (400, 401, 403, 404):
                sys.stderr.write("wherry: s3://%s/%s cannot be fetched: %s\n" % (bucket, key, e))
                sys.exit(70)
            time.sleep(2**n)
    if H(source) != want:
        sys.stderr.write("wherry: s3://%s/%s is not the step that this run was started with\n" % (bucket, key))
        sys.exit(70)
    return source


exec(compile(step(), "wherry-step.py", "exec"), {"__name__": "__main__", "__file__": "wherry-step.py"})
