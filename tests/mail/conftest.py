"""Fixtures of the mail suite: a real Postfix, a site, its milter."""

import os
import subprocess

import pytest

import mail_site
import postfix_lab
import sendmail_lab
import support


@pytest.fixture(scope="session")
def private_postfix():
    """One instance a worker; starting it takes longer than most tests."""
    if os.geteuid() != 0:
        pytest.skip("a private Postfix needs root")
    lab = postfix_lab.Postfix()
    try:
        yield lab.start()
    finally:
        lab.stop()


@pytest.fixture
def postfix(private_postfix):
    """Postfix with empty mailboxes and nobody on the milter's socket."""
    private_postfix.empty()
    return private_postfix


@pytest.fixture(scope="session")
def private_sendmail():
    if os.geteuid() != 0:
        pytest.skip("a private Sendmail needs root")
    lab = sendmail_lab.Sendmail()
    try:
        yield lab.start()
    finally:
        lab.stop()


@pytest.fixture
def sendmail(private_sendmail):
    """Sendmail with empty mailboxes and nobody on the milter's socket."""
    private_sendmail.empty()
    return private_sendmail


@pytest.fixture
def site(postfix, tmp_path):
    """A site whose clients are all strangers; its milters end with it."""
    here = mail_site.Site(tmp_path, postfix.sockets / "milter.sock")
    here.configure()
    yield here
    here.stop()


@pytest.fixture(scope="session")
def armilter_program(tmp_path_factory):
    program = tmp_path_factory.mktemp("armilter") / "armilter"
    source = support.ROOT / "tests" / "mail" / "armilter.c"
    subprocess.run(["cc", "-std=gnu17", "-Wall", "-o", program, source,
                    "-lmilter", "-lpthread"], check=True)
    return program


@pytest.fixture(scope="session")
def ahead_library(tmp_path_factory):
    library = tmp_path_factory.mktemp("ahead") / "ahead.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, support.ROOT
                    / "tests" / "mail" / "ahead.c"], check=True)
    return library


@pytest.fixture
def ahead(ahead_library, monkeypatch):
    """ahead(60): daemons started from now on have a clock a minute ahead."""
    def start_ahead(seconds):
        monkeypatch.setenv("LD_PRELOAD", str(ahead_library))
        monkeypatch.setenv("AHEAD", str(seconds))
        monkeypatch.setenv("ASAN_OPTIONS", os.environ.get("ASAN_OPTIONS", "")
                           + ":verify_asan_link_order=0")
    return start_ahead


@pytest.fixture
def armilter(postfix, armilter_program):
    """A filter on port "behind" that passes partner.example."""
    process = subprocess.Popen(
        [armilter_program, f"unix:{postfix.sockets}/filter.sock",
         "mx.example.com", "partner.example"], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"ready\n"
    yield process
    # libmilter alone takes 5 s to end.
    process.kill()
    process.wait(10)
    process.stdout.close()
