"""Fixtures of every suite; plain helpers are in support.py."""

import pytest

import redis_server
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
