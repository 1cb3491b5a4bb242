"""Fetches the step and runs it, in an image that knows nothing of Wherry (PROTOCOL.md, section 3).

It is handed over whole in the container's command (`python3 -c …`), and ECS takes 8,192 characters for all overrides
of a task together. So names are short here, and this docstring, blank lines and lines that are only a comment are
taken out before it is sent: keep comments on lines of their own. Python 3.8 or newer.
"""
import base64, datetime, hashlib, hmac, json, os, sys, time, urllib.parse, urllib.request, zlib
E = os.environ.get
H = lambda b: hashlib.sha256(b).hexdigest()
# A proxy must never see the credentials endpoint, and http.client, which the step uses, knows of none.
OPEN = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


def fetch(url, headers):
    return OPEN(urllib.request.Request(url, headers=headers), timeout=30).read()


# The task role's, else the environment's.
def credentials():
    rel = E("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
    url = "http://169.254.170.2" + rel if rel else E("AWS_CONTAINER_CREDENTIALS_FULL_URI")
    if not url:
        return os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"], E("AWS_SESSION_TOKEN")
    auth = E("AWS_CONTAINER_AUTHORIZATION_TOKEN")
    if E("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"):
        auth = open(E("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")).read().strip()
    c = json.loads(fetch(url, {"Authorization": auth} if auth else {}))
    return c["AccessKeyId"], c["SecretAccessKey"], c.get("Token")


# A GET with an empty body, signed with Signature Version 4 (IAM User Guide, "Create a signed AWS API request").
def get(bucket, key):
    access, secret, token = credentials()
    region = E("AWS_REGION") or E("AWS_DEFAULT_REGION") or "us-east-1"
    path = "/" + urllib.parse.quote(key, safe="/-_.~")
    end = E("AWS_ENDPOINT_URL_S3") or E("AWS_ENDPOINT_URL")
    aws = "amazonaws.com" + (".cn" if region.startswith("cn-") else "")
    # A dot in the bucket's name does not fit AWS's certificate.
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
    if E("WHERRY_STEP_SOURCE"):
        return zlib.decompress(base64.b64decode(E("WHERRY_STEP_SOURCE")))
    want = os.environ["WHERRY_STEP"]
    place = os.environ["WHERRY_SPILL"].strip("/") + "/steps/" + want + ".py"
    for n in range(5):
        try:
            source = get(*place[5:].split("/", 1))
            break
        except Exception as e:
            # 403 is tried again: a role that was just made is not known everywhere at once.
            if n == 4 or getattr(e, "code", 0) in (400, 404):
                raise OSError("%s cannot be fetched: %s" % (place, e))
            time.sleep(2**n)
    if H(source) != want:
        raise OSError(place + " is not the step that this run was started with")
    return source


try:
    source = step()
except Exception as e:
    sys.stderr.write("wherry: %s\n" % (repr(e) if isinstance(e, KeyError) else e))
    sys.exit(70)
exec(compile(source, "wherry-step.py", "exec"), {"__name__": "__main__", "__file__": "wherry-step.py"})
