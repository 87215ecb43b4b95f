"""Servers with a port for TLS."""

import shutil

import pytest

from harness.certificates import Authority
from harness.folders import public_folder
from harness.tls import TlsSite


@pytest.fixture(scope="module")
def authority():
    folder = public_folder("howdah-e2e-certs-")
    yield Authority(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def tls_site(launch, authority):
    """Starts a server for this test alone."""
    return lambda *pairs, **variables: TlsSite(launch, authority, *pairs, **variables)


@pytest.fixture(scope="module")
def site(launch_shared, authority):
    """The server of a module."""
    return TlsSite(launch_shared, authority, ACCESS_LOG=1)
