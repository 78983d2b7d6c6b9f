"""Fixtures of every suite; plain helpers are in support.py."""

import pytest

import redis_server
import stopped_disk
import support


@pytest.fixture
def usher():
    """usher("check", "file.conf", input=None): code, stdout and stderr."""
    return support.run_usher


@pytest.fixture
def free_port():
    return support.free_port


@pytest.fixture
def redis(tmp_path):
    """A Redis that keeps what it is told; it ends with the test."""
    server = redis_server.Redis(tmp_path / "redis")
    yield server
    server.kill()


@pytest.fixture(scope="session")
def stopped_disk_library(tmp_path_factory):
    return stopped_disk.build(tmp_path_factory.mktemp("disk"))


@pytest.fixture
def disk(stopped_disk_library, tmp_path, monkeypatch):
    """The disk that this test's files lie on; it goes, until stop()."""
    one = stopped_disk.Disk(stopped_disk_library, tmp_path,
                            stopped_disk_library.parent / f"{tmp_path.name}",
                            monkeypatch)
    yield one
    one.go_on()
