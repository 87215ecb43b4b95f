"""Clients inside TLS."""

import socket
import ssl
import subprocess

from cryptography import x509

from harness.client import TIMEOUT, RawConnection
from harness.ports import free_port

LEGACY = "DEFAULT:@SECLEVEL=0"  # what old clients could do


def trusting(authority, version=None, alpn=("http/1.1",)):
    """A context that accepts the authority's certificates, whatever host they are for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(authority.path)
    context.check_hostname = False
    context.set_alpn_protocols(list(alpn))
    if version is not None:
        context.minimum_version = context.maximum_version = version
    return context


class TlsConnection(RawConnection):
    """A raw connection inside TLS. An end without close_notify is an error, as it should be."""

    def __init__(self, address, context, host=None, session=None, timeout=TIMEOUT):
        super().__init__(address, timeout)
        self.socket = context.wrap_socket(
            self.socket, server_hostname=host, session=session, suppress_ragged_eofs=False
        )

    def serial(self):
        """Serial number of the certificate that was shown."""
        return x509.load_der_x509_certificate(self.socket.getpeercert(binary_form=True)).serial_number

    def get(self, target, headers=""):
        self.send(f"GET {target} HTTP/1.1\r\nHost: test\r\n{headers}\r\n")
        return self.read_response()

    def outside(self):
        """A duplicate of the socket beneath, to send what is no TLS."""
        return socket.socket(fileno=socket.dup(self.socket.fileno()))


class TlsSite:
    """A server and the authority that its clients trust."""

    def __init__(self, launch, authority, *pairs, **variables):
        self.address = ("127.0.0.1", free_port())
        self.authority = authority
        self.pairs = pairs or (authority.issue("server", "127.0.0.1", "localhost"),)
        self.server = launch(
            TLS_LISTEN_ADDR="%s:%d" % self.address,
            TLS_CERT=",".join(pair.cert for pair in self.pairs),
            TLS_KEY=",".join(pair.key for pair in self.pairs),
            **variables,
        )

    def connect(self, host=None, session=None, context=None, **options):
        context = context or trusting(self.authority, **options)
        return TlsConnection(self.address, context, host, session)

    def get(self, target, headers="", **options):
        with self.connect(**options) as connection:
            return connection.get(target, headers)


def s_client(address, *arguments, send=b"", timeout=30.0):
    """Runs openssl s_client; its output and exit status."""
    return subprocess.run(
        ["openssl", "s_client", "-connect", "%s:%d" % address, *arguments],
        input=send,
        capture_output=True,
        timeout=timeout,
    )
