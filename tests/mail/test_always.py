"""Who is always accepted, whatever the preferences say."""

from mail_site import mail
from test_answers import NOBODY, PITCH, rcpt, send

NO_PITCHES = '{ name = "no pitches"; if = { from = "pitch.example"; };' \
             ' then = "refuse"; }'
REPORT = (b"From: MAILER-DAEMON@sender.example\r\n"
          b"To: alice@example.com\r\nSubject: Undelivered mail\r\n"
          b"MIME-Version: 1.0\r\n"
          b"Content-Type: multipart/report; report-type=delivery-status;\r\n"
          b"\tboundary=\"b\"\r\n\r\n"
          b"--b\r\nContent-Type: text/plain\r\n\r\nIt did not arrive.\r\n"
          b"--b\r\nContent-Type: message/delivery-status\r\n\r\n"
          b"Reporting-MTA: dns; sender.example\r\n\r\n"
          b"Final-Recipient: rfc822; x@sender.example\r\n"
          b"Action: failed\r\nStatus: 5.1.1\r\n--b--\r\n")


def closed(site, *names):
    """Everybody named refuses all mail."""
    for name in names:
        site.prefer(name, NOBODY)
    site.publish()
    return site.start()


def test_postmaster_and_abuse_hear_everybody(postfix, site):
    milter = closed(site, "postmaster", "abuse", "alice")
    for name in "postmaster", "abuse":
        to = f"{name.upper()}@example.com"
        assert send(postfix, to=(to,))[0] == 250
        decision = milter.decision(to)
        assert decision["safety"] == name
        assert decision["rule"] == "safety"
        assert decision["reason"] == "safety"
    assert rcpt(postfix)[0] == 550


def test_postmaster_frees_nobody_else(postfix, site):
    closed(site, "postmaster", "alice")
    with postfix.session() as smtp:
        smtp.mail("bob@sender.example")
        assert smtp.rcpt("postmaster@example.com")[0] == 250
        assert smtp.rcpt("alice@example.com")[0] == 550


def test_who_logged_in_is_accepted(postfix, site):
    milter = closed(site, "alice")
    assert send(postfix, login="bob")[0] == 250
    assert len(postfix.mails("alice")) == 1
    assert milter.decision("alice@example.com")["safety"] == "authenticated"
    assert rcpt(postfix)[0] == 550


def test_internal_clients_are_accepted(postfix, site):
    site.configure(internal='"192.0.2.0/28", "2001:db8::/32"')
    milter = closed(site, "alice")
    assert send(postfix)[0] == 250
    assert milter.decision("alice@example.com")["safety"] == "internal client"
    assert send(postfix, client="IPV6:2001:db8::7")[0] == 250
    assert rcpt(postfix, client="192.0.2.16")[0] == 550
    assert rcpt(postfix, client="IPV6:2001:db9::7")[0] == 550


def test_loopback_is_a_stranger_where_nobody_is_internal(postfix, site):
    closed(site, "alice")
    assert rcpt(postfix, client=None)[0] == 550


def test_local_submission_is_accepted(postfix, site):
    """Postfix asks milters about it; to turn it away there would stick."""
    milter = closed(site, "alice")
    postfix.submit(b"Subject: cron\n\nAll is well.\n", "alice@example.com")
    assert len(postfix.mails("alice")) == 1
    assert milter.decision("alice@example.com")["safety"] == "submitted here"


def test_a_null_sender_at_rcpt_is_never_turned_away(postfix, site):
    closed(site, "alice")
    code, _, _ = rcpt(postfix, sender="")
    assert code == 250


def test_a_report_arrives(postfix, site):
    milter = closed(site, "alice")
    assert send(postfix, REPORT, sender="")[0] == 250
    assert len(postfix.mails("alice")) == 1
    assert milter.decision("alice@example.com")["safety"] == "report"


def test_a_report_may_fold_its_type(postfix, site):
    """RFC 5322 lets a field's value begin on its second line."""
    closed(site, "alice")
    report = mail(headers="Content-Type:\r\n multipart/report;"
                          " boundary=x\r\n")
    assert send(postfix, report, sender="")[0] == 250
    pitch = mail(headers="Auto-Submitted:\r\n no\r\n")
    assert send(postfix, pitch, sender="")[0] == 550


def test_an_automatic_answer_arrives(postfix, site):
    closed(site, "alice")
    message = mail(headers="Auto-Submitted: auto-replied\r\n")
    assert send(postfix, message, sender="")[0] == 250
    message = mail(headers="Auto-Submitted: no\r\n")
    assert send(postfix, message, sender="")[0] == 550


def test_a_pitch_without_sender_is_judged_by_its_from(postfix, site):
    site.prefer("alice", NO_PITCHES)
    site.publish()
    site.start()
    pitch = mail(sender="eve@pitch.example")
    assert send(postfix, pitch, sender="")[0] == 550
    assert send(postfix, mail(), sender="")[0] == 250
    assert len(postfix.mails("alice")) == 1


def test_a_pitch_without_sender_does_not_pass_a_closed_door(postfix, site):
    closed(site, "alice")
    assert send(postfix, PITCH, sender="")[0] == 550


def test_a_report_to_several_is_no_report(postfix, site):
    site.prefer("alice", NOBODY, addresses='[ "alice@example.com", '
                                           '"ng@example.com" ]')
    site.publish()
    site.start()
    to = ("alice@example.com", "ng@example.com")
    assert send(postfix, REPORT, to, sender="")[0] == 550


def test_a_relay_is_never_answered_4xx_or_5xx(postfix, site):
    site.configure('authserv_ids = [ "mx.example.com" ]; '
                   'relays = [ "198.51.100.0/24" ];')
    milter = closed(site, "alice")
    assert send(postfix, client="198.51.100.9")[0] == 250
    decision = milter.decision("alice@example.com")
    assert decision["verdict"] == "refuse"
    assert decision["because"] == "relay"
    header = f"Usher-Verdict: refuse; reference={decision['id']}"
    assert header.encode() in postfix.mails("alice")[0]
    assert rcpt(postfix)[0] == 550
