"""Fetches the step and runs it, in an image that knows nothing of Wherry (PROTOCOL.md, section 3).

It is handed over whole in the container's command (`python3 -c …`), and ECS takes 8,192 characters for all overrides
of a task together. So names are short, and strings in single quotes, which JSON need not escape. This docstring, blank
lines and lines that are only a comment are taken out before it is sent: keep comments on lines of their own.
Python 3.8 or newer.
"""
import base64, hashlib, hmac, json, os, sys, time, urllib.request, zlib
E = os.environ.get
C = lambda n: E('AWS_CONTAINER_' + n)
JOIN = '\n'.join
H = lambda d: hashlib.sha256(d).hexdigest()
# A proxy must never see the credentials endpoint, and http.client, which the step uses, knows of none.
OPEN = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


def fetch(url, h):
    return OPEN(urllib.request.Request(url, headers=h), timeout=30).read()


# The task role's, else the environment's. The address is that of ECS (ECS Developer Guide, "Task IAM role").
def keys():
    rel = C('CREDENTIALS_RELATIVE_URI')
    url = 'http://169.254.170.2' + rel if rel else C('CREDENTIALS_FULL_URI')
    if not url:
        return os.environ['AWS_ACCESS_KEY_ID'], os.environ['AWS_SECRET_ACCESS_KEY'], E('AWS_SESSION_TOKEN')
    auth, file = C('AUTHORIZATION_TOKEN'), C('AUTHORIZATION_TOKEN_FILE')
    if file:
        auth = open(file).read().strip()
    c = json.loads(fetch(url, {'Authorization': auth} if auth else {}))
    return c['AccessKeyId'], c['SecretAccessKey'], c.get('Token')


# A GET with an empty body, signed with Signature Version 4 (IAM User Guide, "Create a signed AWS API request").
def get(region, bucket, key):
    access, secret, token = keys()
    path = '/' + urllib.parse.quote(key)
    end = E('AWS_ENDPOINT_URL_S3') or E('AWS_ENDPOINT_URL')
    aws = 's3.%s.amazonaws.com%s' % (region, '.cn' if region[:3] == 'cn-' else '')
    # A dot in the bucket's name does not fit AWS's certificate.
    if end or '.' in bucket:
        end, path = end or 'https://' + aws, '/' + bucket + path
    else:
        end = 'https://' + bucket + '.' + aws
    now = time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())
    h = {'host': end.split('/')[2], 'x-amz-content-sha256': H(b''), 'x-amz-date': now}
    if token:
        h['x-amz-security-token'] = token
    names = ';'.join(h)
    text = JOIN(['GET', path, '', *map(':'.join, h.items()), '', names, H(b'')])
    scope = now[:8] + '/' + region + '/s3/aws4_request'
    k = ('AWS4' + secret).encode()
    for part in scope.split('/') + [JOIN(['AWS4-HMAC-SHA256', now, scope, H(text.encode())])]:
        k = hmac.new(k, part.encode(), 'sha256').digest()
    who = 'Credential=%s/%s, SignedHeaders=%s, Signature=%s' % (access, scope, names, k.hex())
    return fetch(end.rstrip('/') + path, {**h, 'authorization': 'AWS4-HMAC-SHA256 ' + who})


def step():
    assert sys.version_info > (3, 8), 'needs Python 3.8'
    own = E('WHERRY_STEP_SOURCE')
    if own:
        return zlib.decompress(base64.b64decode(own))
    want = os.environ['WHERRY_STEP']
    place = os.environ['WHERRY_SPILL'].strip('/') + '/steps/' + want + '.py'
    region = E('AWS_REGION') or E('AWS_DEFAULT_REGION') or 'us-east-1'
    for n in range(5):
        try:
            code = get(region, *place[5:].split('/', 1))
            break
        except Exception as e:
            # 403 is tried again: a role that was just made is not known everywhere at once.
            if n == 4 or getattr(e, 'code', 0) in (400, 404):
                raise OSError('%s cannot be fetched: %r' % (place, e))
            # S3 says where a bucket of another region is.
            region = (getattr(e, 'headers', 0) or {}).get('x-amz-bucket-region', region)
            time.sleep(2**n)
    if H(code) != want:
        raise OSError(place + ' is not the step')
    return code


try:
    code = step()
except Exception as e:
    sys.stderr.write('wherry: %r\n' % e)
    sys.exit(70)
exec(compile(code, 'step.py', 'exec'), {'__name__': '__main__', '__file__': 'step.py'})
