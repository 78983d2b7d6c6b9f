"""Mail of the site's own relays: never a 4xx or 5xx (design-mail.md)."""

import pytest

from milter_client import Client

NOBODY = '{ name = "nobody"; then = "refuse"; }'
MORNINGS = '{ name = "mornings"; then = "accept"; during = "09:00-12:00"; }'
GERMANS = '{ name = "from there"; if = { network = [ "198.51.100.0/24" ]; };' \
          ' then = "refuse"; }'
RELAYS = 'authserv_ids = [ "mx.example.com" ];' \
         ' relays = [ "192.0.2.0/24", "2001:db8:1::/48" ];'
RECEIVED = "from mail.sender.example (mail.sender.example [{0}])\r\n" \
           "\tby relay.example.com (Postfix) with ESMTPS id 4fXyZ"


def relayed(site, *to, received=("198.51.100.7",), fields=()):
    """The end's answer and edits of a mail from a relay."""
    with Client(site.socket) as client:
        client.connect("relay.example.com", "4", "192.0.2.1")
        client.macros("M", i="4fXyZ")
        for letter, text in client.envelope(*to):
            assert letter == "c", text
        lines = [("Received", one if " " in one else RECEIVED.format(one))
                 for one in received]
        letter, text, edits = client.message(
            [*lines, *fields, ("From", "bob@sender.example")])
        assert letter in "ca", text
        return edits


def moves(edits):
    return [(kind, data.rstrip(b"\0").decode()) for kind, data in edits
            if kind in "+-"]


def header(edits):
    return [data.split(b"\0")[1].decode() for kind, data in edits
            if kind == "h"]


@pytest.fixture
def relays(site):
    site.configure(RELAYS)
    return site


@pytest.mark.parametrize("rules, verdict", [
    (NOBODY, "refuse"), (MORNINGS, "defer"),
    ('{ name = "page"; then = "redirect"; to = [ "page" ]; }', "redirect")])
def test_all_of_it_is_accepted_with_the_header(relays, rules, verdict):
    relays.prefer("alice", rules)
    relays.publish()
    milter = relays.start()
    edits = relayed(relays, "alice@example.com")
    assert moves(edits) == []
    said, = header(edits)
    assert said.startswith(f"{verdict}; reference=")
    decision = milter.decision("alice@example.com")
    assert decision["answer"] == "250" and decision["because"] == "relay"


def test_refused_and_redirected_go_aside(relays):
    aside = '"alice+aside@example.com"'
    relays.prefer("alice", NOBODY, aside=aside)
    relays.prefer("bert", '{ name = "page"; then = "redirect";'
                  ' to = [ "page" ]; }', aside='"bert+aside@example.com"')
    relays.prefer("carol", MORNINGS, aside='"carol+aside@example.com"')
    relays.publish()
    milter = relays.start()
    edits = relayed(relays, "alice@example.com", "bert@example.com",
                    "carol@example.com", "dora@example.com")
    assert moves(edits) == [("+", "<alice+aside@example.com>"),
                            ("-", "<alice@example.com>"),
                            ("+", "<bert+aside@example.com>"),
                            ("-", "<bert@example.com>")]
    assert milter.decision("alice@example.com")["outcome"] == "aside"
    assert milter.decision("carol@example.com")["because"] == "relay"


def test_a_relays_mail_is_held_whole_or_accepted(relays):
    relays.configure(RELAYS + 'defer = "hold";')
    relays.prefer("alice", MORNINGS)
    relays.prefer("bert", "")
    relays.publish()
    relays.start()
    assert [kind for kind, _ in relayed(relays, "alice@example.com")
            if kind == "q"] == ["q"]
    edits = relayed(relays, "alice@example.com", "bert@example.com")
    assert [kind for kind, _ in edits if kind == "q"] == []


@pytest.mark.parametrize("received, refused", [
    (["198.51.100.7"], True),
    (["203.0.113.7"], False),
    ([], False),
    (["by relay.example.com with HTTP id x"], False),
    # What stands below the relay's own field, anyone wrote.
    (["203.0.113.7", "198.51.100.7"], False),
    # A host of ours in between: its own field is below.
    (["192.0.2.9", "198.51.100.7"], True),
    # The client's own word is no address.
    (["from [198.51.100.7] (x.example [203.0.113.7]) by relay"], False)])
def test_the_client_is_the_one_the_relay_names(relays, received, refused):
    relays.prefer("alice", GERMANS)
    relays.publish()
    milter = relays.start()
    relayed(relays, "alice@example.com", received=received)
    verdict = milter.decision("alice@example.com")["verdict"]
    assert verdict == ("refuse" if refused else "accept")
