"""Writes a key and a certificate for the hosts of the arguments into a folder."""
import datetime
import pathlib
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

folder, *hosts = sys.argv[1:]
key = ec.generate_private_key(ec.SECP256R1())
name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, hosts[0])])
now = datetime.datetime.now(datetime.timezone.utc)
certificate = (
    x509.CertificateBuilder()
    .subject_name(name)
    .issuer_name(name)
    .public_key(key.public_key())
    .serial_number(x509.random_serial_number())
    .not_valid_before(now - datetime.timedelta(days=1))
    .not_valid_after(now + datetime.timedelta(days=1))
    .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), critical=False)
    .sign(key, hashes.SHA256())
)
plain = serialization.NoEncryption()
form = serialization.PrivateFormat.PKCS8
pathlib.Path(folder, "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))
pathlib.Path(folder, "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
