"""Whom a recipient writes to becomes known, by what passes the milter."""

import pytest

import support
from milter_client import Client

STRANGERS = '{ name = "strangers"; if = { stranger = true; };' \
            ' then = "refuse"; }'
CONF = 'authserv_ids = [ "mx.example.com" ];'
RESULTS = ("Authentication-Results", "mx.example.com/4fXyZ; dmarc=pass "
           "header.from=partner.example")


@pytest.fixture
def alice(site):
    site.configure(CONF, internal='"10.0.0.0/8"')
    site.prefer("alice", STRANGERS)
    site.publish()
    site.start()
    return site


def write(site, to="ann@partner.example", login=None, client="10.1.1.1",
          sender="alice@example.com", from_="Alice <alice@example.com>",
          fields=()):
    with Client(site.socket) as milter:
        milter.connect("pc.example.com", "4", client)
        macros = {"i": "4fXyZ"}
        if login:
            macros["{auth_authen}"] = login
        milter.macros("M", **macros)
        (letter, _), = milter.envelope(to, sender=sender)
        assert letter == "c"
        assert milter.message([("From", from_), *fields])[0] in "ca"


def is_known(site, who="ann@partner.example"):
    return support.run_usher(
        "explain", "-c", site.conf, "--to", "alice@example.com", "--from",
        who, "--verified").code == 0


def becomes_known(site, who="ann@partner.example"):
    support.wait_for(lambda: is_known(site, who), 20, "the background")


def stays_unknown(site):
    """What is written later shows that it was not."""
    write(site, to="last@other.example")
    becomes_known(site, "last@other.example")
    assert not is_known(site)


def test_an_internal_clients_own_mail(alice):
    write(alice)
    becomes_known(alice)
    # The organization, too; see design.md's "known".
    assert is_known(alice, "eve@partner.example")


def test_a_login_that_is_the_recipients_address(alice):
    write(alice, client="192.0.2.1", login="alice@example.com",
          sender="other@example.com", from_="other@example.com")
    becomes_known(alice)


def test_they_are_let_in_then(alice):
    write(alice)
    becomes_known(alice)
    with Client(alice.socket) as client:
        client.connect()
        client.macros("M", i="4fXyZ")
        client.envelope("alice@example.com", sender="ann@partner.example")
        assert client.message([RESULTS, ("From", "ann@partner.example")])[0] \
            in "ca"


@pytest.mark.parametrize("more", [
    {"login": "bert@example.com"},
    {"sender": "bert@example.com"},
    {"from_": "bert@example.com"},
    {"sender": ""},
    {"fields": [("Auto-Submitted", "auto-replied")]},
    {"fields": [("List-Id", "<x.example.com>")]},
    {"fields": [("Content-Type", "multipart/report; boundary=x")]}])
def test_what_is_no_mail_of_their_own_by_hand(alice, more):
    write(alice, **more)
    stays_unknown(alice)


def test_a_word_of_no_is_by_hand(alice):
    write(alice, fields=[("Auto-Submitted", "no")])
    becomes_known(alice)


@pytest.mark.parametrize("to", [
    "news-unsubscribe@partner.example", "list-request@partner.example"])
def test_programs_are_nobody(alice, to):
    write(alice, to=to)
    stays_unknown(alice)


def test_what_a_stranger_claims_counts_for_nothing(alice):
    with Client(alice.socket) as client:
        client.connect()
        client.macros("M", i="4fXyZ")
        client.envelope("ann@partner.example", sender="alice@example.com")
        client.message([("From", "alice@example.com")])
    stays_unknown(alice)
