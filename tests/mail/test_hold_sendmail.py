"""Held mails on a real Sendmail: test_hold.py has the rest."""

import os
import subprocess

import pytest

import mail_site
import sendmail_lab
import support
from mail_site import mail
from test_hold import HOLD, held, in_hours, opens_in


@pytest.fixture
def site(sendmail, tmp_path):
    """A site that holds, and Sendmail by the name `sendmail`."""
    here = mail_site.Site(tmp_path, sendmail.sockets / "milter.sock")
    here.configure(mail=HOLD + ' authserv = "stripped";')
    here.prefer("alice", opens_in(2))
    here.publish()
    here.start(at=None)
    wrapper = tmp_path / "programs" / "sendmail"
    wrapper.parent.mkdir()
    wrapper.write_text(
        f"#!/bin/sh\nexec nsenter --target={sendmail.process.pid} --uts "
        f"--mount {sendmail_lab.PROGRAM} \"$@\"\n")
    wrapper.chmod(0o755)
    yield here
    here.stop()


def release(site, *words):
    folder = site.folder / "programs"
    return support.run_usher(
        "release", "-c", site.conf, "--sendmail-conf", "/run/test.cf", *words,
        env={"PATH": f"{folder}:{os.environ['PATH']}"}, timeout=100)


def test_a_mail_waits_for_its_opening(sendmail, site):
    for sender in ("bob@sender.example", "carol@sender.example"):
        with sendmail.session() as smtp:
            smtp.mail(sender, ["SIZE=1000"])
            assert smtp.rcpt("alice@example.com")[0] == 250
            code, text = smtp.data(mail())
        assert code == 250, text
    first, second = sorted(held(site), key=lambda one: one["sender"])
    assert first["sender"] == "bob@sender.example"
    assert not first["mta"].startswith("Postfix")
    assert {path.name[:2] for path in (sendmail.base / "queue").iterdir()
            if path.name[:2] in ("hf", "qf")} == {"hf"}
    done = release(site)
    assert (done.code, done.stdout) == (0, ""), done.stderr

    done = release(site, first["id"])
    assert done.code == 0, done.stderr
    assert "released" in done.stdout
    assert held(site) == [second]
    support.wait_for(lambda: len(arrived(sendmail)) == 1, 30, "one mail")
    done = release(site, "--due", "--at", in_hours(2.5))
    assert done.code == 0, done.stderr
    assert held(site) == []
    assert len(sendmail.mails("alice")) == 2
    # A second run finds nothing to do.
    done = release(site, "--at", in_hours(2.5))
    assert (done.code, done.stdout) == (0, "")


def test_a_mail_that_sendmail_lost_is_forgotten(sendmail, site):
    with sendmail.session() as smtp:
        smtp.mail("bob@sender.example")
        assert smtp.rcpt("alice@example.com")[0] == 250
        assert smtp.data(mail())[0] == 250
    waiting, = held(site)
    subprocess.run(sendmail.command("-Q", "-qQ", f"-qI{waiting['id']}"),
                   check=True, timeout=60)
    assert len(held(site)) == 1
    done = release(site, "--at", in_hours(2.5))
    assert done.code == 0, done.stderr
    assert "not in the queue any more" in done.stdout
    assert held(site) == []
    subprocess.run(sendmail.command(f"-qI{waiting['id']}"), check=True,
                   timeout=60)
    assert len(sendmail.mails("alice")) == 1


def arrived(mta):
    return list((mta.base / "mail" / "all" / "new").glob("*"))
