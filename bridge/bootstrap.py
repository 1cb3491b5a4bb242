"""Fetches the step and runs it, in an image that knows nothing of Wherry (PROTOCOL.md, section 3).

It is handed over whole in the container's command (`python3 -c …`), and ECS takes 8,192 characters for all overrides
of a task together. So names are short, and strings in single quotes, which JSON need not escape. This docstring, blank
lines and lines that are only a comment are taken out before it is sent: keep comments on lines of their own.
Python 3.8 or newer.
"""
import base64, hashlib, hmac, json, os, re, ssl, sys, time, zlib
from urllib import parse, request as R
V = os.environ
A = lambda n: V.get('AWS_' + n)
C = lambda n: A('CONTAINER_' + n)
JOIN = '\n'.join
H = lambda d: hashlib.sha256(d).hexdigest()
HOST = 'S3'


# Only S3 may be asked through a proxy: it must never see the credentials endpoint.
def fetch(url, h, p=None):
    global HOST
    HOST = url.split('/')[2]
    tls = R.HTTPSHandler(context=ssl.create_default_context(cafile=A('CA_BUNDLE') or None))
    ask = R.build_opener(tls, R.ProxyHandler({'https': p} if p else {}))
    return ask.open(R.Request(url, headers=h), timeout=30).read()


# The task role's, else the environment's. The address is that of ECS (ECS Developer Guide, "Task IAM role").
def keys():
    url = C('CREDENTIALS_RELATIVE_URI')
    url = 'http://169.254.170.2' + url if url else C('CREDENTIALS_FULL_URI')
    if not url:
        return V['AWS_ACCESS_KEY_ID'], V['AWS_SECRET_ACCESS_KEY'], A('SESSION_TOKEN')
    f = C('AUTHORIZATION_TOKEN_FILE')
    auth = open(f).read().strip() if f else C('AUTHORIZATION_TOKEN')
    c = json.loads(fetch(url, {'Authorization': auth} if auth else {}))
    return c['AccessKeyId'], c['SecretAccessKey'], c.get('Token')


# A GET with an empty body, signed with Signature Version 4 (IAM User Guide, "Create a signed AWS API request").
def get(zone, b, key):
    id, s, t = keys()
    path = '/' + parse.quote(key)
    end = A('ENDPOINT_URL_S3') or A('ENDPOINT_URL')
    fips, dual = (str(A('USE_%s_ENDPOINT' % n)).lower() == 'true' for n in ('FIPS', 'DUALSTACK'))
    tld = {'cn': 'com.cn', 'eusc': 'eu'}.get(zone.split('-')[0], 'com')
    aws = 's3%s%s.%s.amazonaws.%s' % ('-fips' * fips, '.dualstack' * dual, zone, tld)
    # A dot in the bucket's name does not fit AWS's certificate.
    if end or '.' in b:
        end, path = end or 'https://' + aws, '/' + b + path
    else:
        end = 'https://' + b + '.' + aws
    now = time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())
    nil = H(b'')
    h = {'host': end.split('/')[2], 'x-amz-content-sha256': nil, 'x-amz-date': now}
    if t:
        h['x-amz-security-token'] = t
    hs = ';'.join(h)
    text = JOIN(['GET', path, '', *map(':'.join, h.items()), '', hs, nil])
    day = now[:8] + '/' + zone + '/s3/aws4_request'
    k = b'AWS4' + s.encode()
    for w in day.split('/') + [JOIN(['AWS4-HMAC-SHA256', now, day, H(text.encode())])]:
        k = hmac.new(k, w.encode(), 'sha256').digest()
    who = 'Credential=%s/%s, SignedHeaders=%s, Signature=%s' % (id, day, hs, k.hex())
    h['authorization'] = 'AWS4-HMAC-SHA256 ' + who
    return fetch(end.rstrip('/') + path, h, R.getproxies_environment().get('https'))


def step():
    assert sys.version_info > (3, 8), 'needs Python 3.8'
    own = V.get('WHERRY_STEP_SOURCE')
    if own:
        return zlib.decompress(base64.b64decode(own))
    want = V['WHERRY_STEP']
    at = V['WHERRY_SPILL'].strip('/') + '/steps/' + want + '.py'
    zone = A('REGION') or A('DEFAULT_REGION') or 'us-east-1'
    for n in range(5):
        try:
            code = get(zone, *at[5:].split('/', 1))
            break
        except Exception as e:
            got, to = repr(e), zone
            if hasattr(e, 'code'):
                got += ' ' + str(e.read()).split('<Code>')[-1].split('<')[0]
                # S3 says where a bucket of another region is.
                to = e.headers.get('x-amz-bucket-region', zone)
            # All else passes by itself: a network that is not there yet, and overload.
            hard = re.match('<HTTPError [34]|KeyE|FileN|.*CERTIFICATE', got) and not re.search('r 429|Throttl|RequestTime', got)
            # 403 is tried again: a role that was just made is not known everywhere at once.
            if n == 4 or hard and to == zone and 'r 403' not in got:
                got += ': ca-certificates? AWS_CA_BUNDLE?' * ('CERTIFICATE' in got)
                raise OSError(70 if hard else 75, '%s cannot be fetched from %s: %s' % (at, HOST, got))
            zone = to
            time.sleep(2**n)
    if H(code) != want:
        raise OSError(at + ' is not the step')
    return code


try:
    code = step()
except Exception as e:
    sys.stderr.write('wherry: %r\n' % e)
    sys.exit(75 if getattr(e, 'errno', 0) == 75 else 70)
exec(compile(code, 'step.py', 'exec'), {'__name__': '__main__'})
