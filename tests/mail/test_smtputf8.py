"""Addresses beyond ASCII (RFC 6531), which Postfix takes with SMTPUTF8."""

from mail_site import mail
from test_answers import NOBODY, PITCH

ZOE = "zo\u00eb@example.com"
SENDER = "j\u00f6rg@sender.example"


def say(smtp, line):
    smtp.send(f"{line}\r\n".encode())
    return smtp.getreply()


def test_such_a_recipient_is_looked_up(postfix, site):
    site.prefer("zoe", NOBODY, addresses=f'[ "{ZOE}" ]')
    site.publish()
    milter = site.start()
    with postfix.session() as smtp:
        assert say(smtp, f"MAIL FROM:<{SENDER}> SMTPUTF8")[0] == 250
        code, text = say(smtp, f"RCPT TO:<{ZOE}>")
        assert code == 550 and text.isascii()
        assert say(smtp, "RCPT TO:<zo\u00eb+news@example.com>")[0] == 550
        assert say(smtp, "RCPT TO:<zoe@example.com>")[0] == 250
    # The log is ASCII.
    milter.wait_line("verdict=refuse", 'to="zo\\xc3\\xab@example.com"',
                     'from="j\\xc3\\xb6rg@sender.example"')


def test_such_a_sender_is_matched(postfix, site):
    site.prefer("alice", '{ name = "no J\u00f6rg"; '
                f'if = {{ from = "{SENDER}"; }}; then = "refuse"; }}')
    site.publish()
    site.start()
    with postfix.session() as smtp:
        assert say(smtp, f"MAIL FROM:<{SENDER}> SMTPUTF8 BODY=8BITMIME"
                   )[0] == 250
        assert smtp.rcpt("alice@example.com")[0] == 550
        smtp.rset()
        assert smtp.mail("jorg@sender.example")[0] == 250
        assert smtp.rcpt("alice@example.com")[0] == 250
        assert smtp.data(PITCH)[0] == 250
    assert len(postfix.mails("alice")) == 1


def test_such_a_mail_arrives(postfix, site):
    site.prefer("zoe", "", addresses=f'[ "{ZOE}" ]')
    site.publish()
    site.start()
    with postfix.session() as smtp:
        assert say(smtp, f"MAIL FROM:<{SENDER}> SMTPUTF8")[0] == 250
        assert say(smtp, f"RCPT TO:<{ZOE}>")[0] == 250
        assert smtp.data(mail(to=ZOE, sender=SENDER))[0] == 250
    arrived, = postfix.mails(ZOE.partition("@")[0])
    assert b"Usher-Verdict: accept;" in arrived
