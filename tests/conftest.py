"""Fixtures of every suite; plain helpers are in support.py."""

import pytest

import support


@pytest.fixture
def usher():
    """usher("check", "file.conf", input=None): code, stdout and stderr."""
    return support.run_usher


@pytest.fixture
def free_port():
    return support.free_port
