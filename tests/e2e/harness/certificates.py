"""Certificates for tests, made on the spot."""

import datetime
import ipaddress
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = datetime.timedelta(days=1)


def _name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _alternative(host):
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _private_pem(key):
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def write_secret(path, data):
    """Only the owner may read it. Replaces the file in one step, as tools that renew do."""
    fresh = f"{path}.new"
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
    os.rename(fresh, path)


class Pair:
    """A certificate and its key in files."""

    def __init__(self, folder, name, certificate, key):
        self.cert = os.path.join(folder, f"{name}.pem")
        self.key = os.path.join(folder, f"{name}-key.pem")
        self.serial = certificate.serial_number
        self.certificate_pem = certificate.public_bytes(serialization.Encoding.PEM)
        self.key_pem = _private_pem(key)
        # What a copy of the key in memory holds, whatever its form.
        self.secret = key.private_numbers().private_value.to_bytes(32, "big")
        write_secret(self.cert, self.certificate_pem)
        write_secret(self.key, self.key_pem)


class Authority:
    """Signs certificates; clients that trust `path` accept them."""

    def __init__(self, folder):
        self.folder = str(folder)
        self.path = os.path.join(self.folder, "ca.pem")
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._subject = _name("Howdah test CA")
        certificate = self._build(self._subject, self._key.public_key(), DAY * 30).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        with open(self.path, "wb") as file:
            file.write(certificate.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def _build(self, subject, public_key, valid):
        now = datetime.datetime.utcnow()
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._subject)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(min(now, now + valid) - DAY)
            .not_valid_after(now + valid)
        )

    def issue(self, name, *hosts, valid=DAY * 30):
        """Writes NAME.pem and NAME-key.pem for the given hosts."""
        key = ec.generate_private_key(ec.SECP256R1())
        alternatives = x509.SubjectAlternativeName([_alternative(host) for host in hosts or ("127.0.0.1",)])
        certificate = (
            self._build(_name(name), key.public_key(), valid)
            .add_extension(alternatives, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return Pair(self.folder, name, certificate, key)
