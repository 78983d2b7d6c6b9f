"""Put aside at the end of a message, and who gets a reply instead of a 550.

Replies leave a minute later (test_outbox.py); here a letter is only reserved.
"""

import pytest

from milter_client import Client

ELSEWHERE = '{ name = "page"; then = "redirect"; to = [ "page" ]; }'
SALES = '{ name = "sales"; if = { topic = "storage"; };' \
        ' then = "redirect"; to = [ "page" ]; }'
NOBODY = '{ name = "no"; if = { topic = "storage"; }; then = "refuse"; }'
TOPICS = '{ storage = [ "document storage" ]; }'
PITCH = "We sell document storage.\r\n"
REPLY = 'authserv_ids = [ "mx.example.com" ]; redirect = "reply";'
MIXED = 'authserv_ids = [ "mx.example.com" ]; mixed = "aside";'
RESULTS = ("Authentication-Results",
           "mx.example.com/4fXyZ; dmarc=pass header.from=partner.example")
ALICE = "alice@example.com"


def send(site, *to, sender="ann@partner.example", proven=True, fields=(),
         address=None, body=PITCH):
    """RCPT's letters; the end's letter and text; what was moved."""
    with Client(site.socket) as client:
        client.connect()
        client.macros("M", i="4fXyZ")
        answers = client.envelope(*to, sender=sender)
        if all(letter == "y" for letter, _ in answers):
            return "y", answers[0][1], []
        letter, text, edits = client.message(
            [*([RESULTS] if proven else []), *fields, ("From", sender),
             ("To", address or ", ".join(to)), ("Subject", "Storage"),
             ("Message-ID", "<1@partner.example>")], body)
    return letter, text, [(kind, data.rstrip(b"\0").decode())
                          for kind, data in edits if kind in "+-"]


MOVED = [("+", "<alice+aside@example.com>"), ("-", f"<{ALICE}>")]


@pytest.fixture
def alice(site):
    """Redirects everybody; her aside mailbox is her own."""
    site.configure(REPLY)
    site.prefer("alice", ELSEWHERE, aside='"alice+aside@example.com"')
    site.publish()
    return site


def test_a_proven_sender_gets_one_reply_and_then_550(alice):
    milter = alice.start()
    letter, _, moved = send(alice, ALICE)
    assert letter in "ca" and moved == MOVED
    decision = milter.decision(ALICE)
    assert (decision["answer"], decision["outcome"]) == ("250", "reply")
    milter.kill()
    milter = alice.start()
    letter, text, moved = send(alice, ALICE)
    assert letter == "y" and text.startswith("550-5.7.1 ") and moved == []


def test_an_unproven_sender_gets_550(alice):
    alice.start()
    letter, text, moved = send(alice, ALICE, proven=False)
    assert letter == "y" and text.startswith("550-5.7.1 ") and moved == []


@pytest.mark.parametrize("fields", [
    [("List-Id", "<x.partner.example>")], [("Auto-Submitted", "auto-replied")],
    [("Precedence", "list")]])
def test_lists_and_automatic_mail_are_accepted(alice, fields):
    milter = alice.start()
    letter, _, moved = send(alice, ALICE, fields=fields)
    assert letter in "ca" and moved == []
    assert "no reply" in milter.decision(ALICE)["because"]


def test_the_sites_own_place_serves_who_has_none(site):
    site.configure(REPLY + 'aside = "aside@example.com";')
    site.prefer("alice", ELSEWHERE)
    site.publish()
    site.start()
    assert send(site, ALICE)[2] == [("+", "<aside@example.com>"),
                                    ("-", f"<{ALICE}>")]


def test_without_a_place_it_is_550(site):
    site.configure(REPLY)
    site.prefer("alice", ELSEWHERE)
    site.publish()
    site.start()
    assert send(site, ALICE)[:2][0] == "y"


def test_a_refusal_is_never_replied_to(site):
    site.configure(REPLY)
    site.prefer("alice", NOBODY, topics=TOPICS,
                aside='"alice+aside@example.com"')
    site.publish()
    site.start()
    letter, text, moved = send(site, ALICE)
    assert letter == "y" and text.startswith("550") and moved == []


def test_never_both_on_one_address(alice):
    """Who wrote to the aside mailbox as well: one copy there."""
    alice.start()
    letter, _, moved = send(alice, ALICE, "Alice+Aside@example.com",
                            sender="eve@partner.example")
    assert letter in "ca" and moved == [("-", f"<{ALICE}>")]
    letter, _, moved = send(alice, ALICE, "carol@example.com")
    assert letter in "ca" and moved == MOVED


def test_recipients_who_differ_are_rewritten(site):
    site.configure(MIXED)
    site.prefer("alice", NOBODY, topics=TOPICS,
                aside='"alice+aside@example.com"')
    site.prefer("bert", "")
    site.publish()
    milter = site.start()
    letter, _, moved = send(site, ALICE, "bert@example.com")
    assert letter in "ca" and moved == MOVED
    assert milter.decision("alice@example.com")["outcome"] == "reply"
    # Already replied to: the answer comes by turns, alone.
    letter, text, moved = send(site, ALICE, "bert@example.com")
    assert text.startswith("451 4.5.3") and moved == []


def test_who_differs_unproven_comes_again(site):
    site.configure(MIXED)
    site.prefer("alice", NOBODY, topics=TOPICS,
                aside='"alice+aside@example.com"')
    site.prefer("bert", "")
    site.publish()
    site.start()
    letter, text, moved = send(site, ALICE, "bert@example.com", proven=False)
    assert text.startswith("451 4.5.3") and moved == []


def test_without_memory_nothing_goes_aside(alice):
    """No aside without its outbox entry."""
    (alice.folder / "store" / "memory").write_text("no folder")
    milter = alice.start()
    letter, _, moved = send(alice, ALICE)
    assert letter in "ca" and moved == []
    milter.wait_line("fault ")
    assert milter.decision(ALICE)["because"] == "no reply could be kept"


def test_a_refusal_repeats_the_claimed_class(site):
    """RFC 3865: SOLICIT= in the text of a 550."""
    site.prefer("alice", NOBODY, topics=TOPICS)
    site.publish()
    site.start()
    for value, wanted in (("net.example:ADV", "(SOLICIT=net.example:ADV)."),
                          ("net.example:ADV, org.example:X",
                           "(SOLICIT=net.example:ADV,org.example:X)."),
                          ("550 <b>%n", None), ("", None)):
        _, text, _ = send(site, ALICE, fields=[("Solicitation", value)])
        if wanted:
            assert wanted in text
        else:
            assert "SOLICIT" not in text
