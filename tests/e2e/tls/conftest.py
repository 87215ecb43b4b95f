"""Servers with a port for TLS."""

import pytest

from harness.tls import TlsSite


@pytest.fixture
def tls_site(launch, authority):
    """Starts a server for this test alone."""
    return lambda *pairs, **variables: TlsSite(launch, authority, *pairs, **variables)


@pytest.fixture(scope="module")
def site(launch_shared, authority):
    """The server of a module."""
    return TlsSite(launch_shared, authority, ACCESS_LOG=1)
