"""redirect = "reply": the mail goes aside, and its sender gets one reply.

Nobody else ever does. A filter in front proves partner.example. One test waits
until a reply has left, most of its minute passed by a clock that is ahead;
what the others ask is who was put aside, and how many replies are on their
way.
"""

import email
import email.policy
import re
import time

import pytest

import smtp_sink
import support
from mail_site import mail

CALL = ('{ name = "calls"; if = { channel = "phone"; }; then = "accept"; '
        'during = "16:00-17:00"; }, { name = "call me"; '
        'if = { channel = "email"; }; then = "redirect"; '
        'to = [ "phone", "page" ]; }')
PAGES = ('{ phone = "+14155550100"; '
         'page = "https://reach.example.com/alice"; }')
BOB = "bob@partner.example"
AHEAD_S = 50


@pytest.fixture
def sink():
    here = smtp_sink.Sink()
    yield here
    here.stop()


@pytest.fixture
def replying(postfix, armilter, site, sink):
    site.configure(mail='authserv_ids = [ "mx.example.com" ]; '
                   'redirect = "reply"; aside = "aside@example.com"; '
                   f'submit = "127.0.0.1:{sink.port}";')
    for name in ("alice", "carol"):
        site.prefer(name, CALL, published=PAGES)
    site.publish()
    return site.start()


def send(postfix, message=None, sender=BOB, to=("alice@example.com",)):
    """DATA's answer."""
    if message is None:
        message = mail(to=", ".join(to), sender=sender)
    with postfix.session(port="behind") as smtp:
        smtp.mail(sender)
        for one in to:
            code, text = smtp.rcpt(one)
            assert code == 250, text
        return smtp.data(message)


def where(postfix):
    """How many copies went aside, to Alice, to Carol."""
    return tuple(len(postfix.mails(name))
                 for name in ("aside", "alice", "carol"))


def test_a_proven_sender_gets_one_reply_and_the_mail_goes_aside(
        postfix, site, replying, sink, ahead):
    begun = time.time()
    message = mail(sender=f"Bob <{BOB}>", subject="=?utf-8?q?B=C3=BCro?=",
                   body="Wir sind ein Anbieter und zeigen Ihnen gern, wie "
                   "Sie mit uns sparen.\r\n", headers=(
                       "Reply-To: sales@partner.example\r\n"
                       "References: <0@partner.example>\r\n"))
    assert send(postfix, message)[0] == 250
    assert where(postfix) == (1, 0, 0)
    message_id = re.search(rb"Message-ID: (<.*>)", message)[1].decode()

    # Again within 7 days: refused, with the words of the reply.
    code, text = send(postfix)
    assert code == 550
    assert b"+14155550100" in text
    assert where(postfix) == (1, 0, 0)
    # Carol is another recipient.
    assert send(postfix, to=["carol@example.com"])[0] == 250
    assert where(postfix) == (2, 0, 0)
    # Kept across a restart, and a kill.
    replying.kill()
    ahead(AHEAD_S)
    again = site.start()
    assert send(postfix)[0] == 550
    assert sink.mails == [] or time.time() - begun >= 60 - AHEAD_S

    support.wait_for(lambda: len(sink.mails) >= 2, 100, "the replies")
    assert time.time() - begun >= 60 - AHEAD_S
    again.stop()
    assert len(sink.mails) == 2
    envelope, sent = next(one for one in sink.mails
                          if b"From: Alice" in one[1])
    assert envelope == ["MAIL FROM:<>",
                        f"RCPT TO:<{BOB}> NOTIFY=NEVER"]
    reply = email.message_from_bytes(sent, policy=email.policy.default)
    assert reply["To"] == BOB
    assert reply["From"] == "Alice <alice@example.com>"
    assert reply["Subject"] == "Auto: Büro"
    assert reply["Auto-Submitted"] == "auto-replied"
    assert reply["In-Reply-To"] == message_id
    assert reply["References"].split() == ["<0@partner.example>", message_id]
    assert reply["Message-ID"].endswith("@example.com>")
    assert reply.get_content_type() == "text/plain"
    text = reply.get_content()
    assert text.startswith("Guten Tag,")
    assert "+14155550100" in text and "2026-11-24T21:00:00Z" in text
    assert "https://reach.example.com/alice" in text
    assert "Anbieter" not in text

    # What we sent ourselves is never answered, whoever proves it.
    third = site.start()
    for sender in ("", "alice@partner.example"):
        assert send(postfix, sent, sender=sender,
                    to=["carol@example.com"])[0] == 250
    assert where(postfix) == (2, 0, 2)
    third.stop()
    assert len(sink.mails) == 2


NEVER = {
    "null sender": (550, {"sender": ""}, {}),
    "unproven": (550, {"sender": "bob@stranger.example"}, {}),
    "proven as another": (550, {}, {"sender": "boss@partner.example"}),
    "bulk": (550, {}, {"headers": "Precedence: bulk\r\n"}),
    "asked not to": (550, {}, {
        "headers": "X-Auto-Response-Suppress: All\r\n"}),
    "noreply": (550, {"sender": "no-reply@partner.example"}, {}),
    "mailer-daemon": (550, {"sender": "MAILER-DAEMON@partner.example"}, {}),
    "not to her": (550, {}, {"to": "undisclosed-recipients:;"}),
    "list": (250, {}, {"headers": "List-Id: <l.partner.example>\r\n"}),
    "list by precedence": (250, {}, {"headers": "Precedence: list\r\n"}),
    "automatic": (250, {}, {
        "headers": "Auto-Submitted: auto-generated\r\n"}),
    "another's reply": (250, {}, {
        "headers": "Auto-Submitted: auto-replied\r\n"}),
    "bounce": (250, {"sender": ""}, {
        "headers": 'MIME-Version: 1.0\r\nContent-Type: multipart/report; '
        'report-type=delivery-status; boundary="b"\r\n'}),
}


def test_nobody_else_gets_a_reply_and_nothing_is_lost(postfix, replying,
                                                      sink):
    """Refused with the words, or delivered: never silence."""
    passed = 0
    for name, (code, envelope, header) in NEVER.items():
        sender = envelope.get("sender", BOB)
        message = mail(**{"sender": sender or BOB, **header})
        answer = send(postfix, message, sender=sender)
        assert answer[0] == code, (name, answer)
        if code == 550:
            assert b"+14155550100" in answer[1], name
        passed += code == 250
    assert where(postfix) == (0, passed, 0)
    # Not one of them had taken Bob's reply away.
    assert send(postfix)[0] == 250
    assert where(postfix) == (1, passed, 0)
    replying.stop()
    assert sink.mails == []


def test_one_from_the_recipient_itself_is_not_answered(postfix, site,
                                                       replying):
    site.prefer("dora", CALL, published=PAGES, aside='"aside@example.com"',
                addresses='[ "dora@example.com", "dora@partner.example" ]')
    site.publish()
    for sender in ("dora@partner.example", "dora+x@partner.example"):
        assert send(postfix, sender=sender, to=["dora@example.com"])[0] == 550
    assert where(postfix) == (0, 0, 0)


def test_several_recipients_get_a_reply_each(postfix, replying):
    to = ["alice@example.com", "carol@example.com"]
    assert send(postfix, to=to)[0] == 250
    # One copy aside serves both.
    aside, alice, carol = where(postfix)
    assert aside >= 1 and (alice, carol) == (0, 0)
    for one in to:
        assert send(postfix, to=[one])[0] == 550
