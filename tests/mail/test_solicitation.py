"""Solicitation fields (RFC 3865): a claim that may turn away, no more."""

import pytest

from milter_client import Client

NO_SALES = '{ name = "no sales"; if = { purpose = "sales"; };' \
           ' then = "refuse"; }'
ONLY_SALES = '{ name = "sales"; if = { purpose = "sales"; };' \
             ' then = "accept"; }, { name = "rest"; then = "refuse"; }'
FIELD = [("Solicitation", "net.example:ADV")]


def send(site, fields=()):
    with Client(site.socket) as client:
        client.connect()
        client.macros("M", i="4fXyZ")
        client.envelope("alice@example.com")
        return client.message([*fields, ("From", "bob@sender.example"),
                               ("To", "alice@example.com"),
                               ("Subject", "Hello")], "How are you?\r\n")[:2]


@pytest.mark.parametrize("mail", [
    'authserv_ids = [ "mx.example.com" ];', 'trust = "claimed";'])
def test_the_claim_turns_away(site, mail):
    site.configure(mail)
    site.prefer("alice", NO_SALES)
    site.publish()
    site.start()
    letter, text = send(site, FIELD)
    assert letter == "y" and text.startswith("550")
    assert "(SOLICIT=net.example:ADV)." in text
    assert send(site)[0] in "ca"
    assert send(site, [("Solicitation", " 1 ")])[0] in "ca"


def test_the_claim_gains_nothing(site):
    site.prefer("alice", ONLY_SALES)
    site.publish()
    site.start()
    assert send(site, FIELD)[1].startswith("550")
    assert send(site)[1].startswith("550")


def test_nobody_is_turned_away_for_it_by_default(site):
    site.prefer("alice", "")
    site.publish()
    site.start()
    assert send(site, FIELD)[0] in "ca"
