"""The disk stops: mail flows, and no word is given that is not kept.

As in test_chaos_store.py, but that what has been begun cannot be taken back.
"""

import pytest

import support
from milter_client import Client
from test_answers import MORNINGS, NOBODY, STORAGE, TOPICS

FEW = ('{{ name = "few"; then = "accept"; at_most = "{} per 1d in all"; }}, '
       '{{ name = "no"; then = "refuse"; }}')
LATER = "2026-11-24T16:00:00-05:00"
HEADERS = (("From", "bob@sender.example"), ("To", "x@example.com"))


@pytest.fixture
def settled(site, disk):
    site.prefer("early", MORNINGS)
    site.prefer("shut", NOBODY)
    site.prefer("reader", STORAGE, topics=TOPICS)
    site.prefer("open", "")
    site.prefer("few", FEW.format(100))
    site.publish()
    return site


def answer(site, sender, *to):
    """What each is told at RCPT, and the message as a whole."""
    with Client(site.socket) as client:
        client.connect()
        told = client.envelope(*(f"{one}@example.com" for one in to),
                               sender=f"{sender}@firm{sender}.example")
        letter, text = told[0]
        if len(to) == 1 and letter == "y":
            return text[:3]
        client.macros("E", i="A1B2C3")
        letter, text, _ = client.message(HEADERS)
        return text[:3] if letter == "y" else "250"


def test_a_stopped_disk_holds_up_no_mail(settled, disk):
    site, milter = settled, settled.start()
    assert answer(site, "m0", "early") == "450"
    assert answer(site, "m0", "few") == "250"
    disk.stop()
    # what has been begun is given up, and so is what waits behind it
    for sender in "m1", "m2":
        assert answer(site, sender, "early") == "250"
    milter.wait_line(" fault ", "may yet be written")
    assert answer(site, "m1", "few") == "250"
    assert answer(site, "m1", "shut") == "550"
    assert answer(site, "m1", "reader", "open") == "250"
    disk.go_on()
    # the disk may have much to do at first
    senders = iter(range(1000))
    support.wait_for(lambda: answer(site, f"n{next(senders)}", "early")
                     == "450", 60, "a promise again")
    milter.stop()
    site.milters.clear()
    site.prefer("few", FEW.format(3))
    site.publish()
    site.start(at=LATER)
    # two were let in, each counts once
    assert answer(site, "m4", "few") == "250"
    assert answer(site, "m5", "few") == "550"


def test_the_end_comes_though_the_disk_stands_still(settled, disk):
    milter = settled.start()
    assert answer(settled, "m0", "early") == "450"
    disk.stop()
    assert answer(settled, "m1", "early") == "250"
    milter.stop()
