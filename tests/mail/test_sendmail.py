"""The same answers on Sendmail: the tests of Postfix once more, over it.

Imported tests run here with `postfix` meaning the private Sendmail. What
Sendmail does otherwise stands below: clients, queue ids, macros, addresses,
local submission, a milter that is away.
"""

import smtplib

import pytest

import mail_site
import test_always
import test_answers
import test_recipients
from mail_site import mail
from test_answers import NOBODY, PITCH, rcpt, send
from test_always import closed

# Whose clients come from elsewhere than 127/8, and who is told otherwise.
NOT_HERE = ("test_internal_clients_are_accepted",
            "test_local_submission_is_accepted",
            "test_a_relay_is_never_answered_4xx_or_5xx")
for module in test_answers, test_always, test_recipients:
    globals().update({name: test for name, test in vars(module).items()
                      if name.startswith("test_") and name not in NOT_HERE
                      and callable(test)})


@pytest.fixture
def postfix(sendmail):
    return sendmail


@pytest.fixture
def site(sendmail, tmp_path):
    here = mail_site.Site(tmp_path, sendmail.sockets / "milter.sock")
    here.configure()
    yield here
    here.stop()


def test_internal_addresses_are_accepted(sendmail, site):
    site.configure(internal='"127.0.0.16/28"')
    milter = closed(site, "alice")
    assert send(sendmail, client="127.0.0.17")[0] == 250
    assert milter.decision("alice@example.com")["safety"] == "internal client"
    assert rcpt(sendmail, client="127.0.0.32")[0] == 550


def test_a_relay_hears_no_refusal(sendmail, site):
    site.configure('authserv_ids = [ "mx.example.com" ]; '
                   'relays = [ "127.0.0.40/32" ];')
    milter = closed(site, "alice")
    assert send(sendmail, client="127.0.0.40")[0] == 250
    decision = milter.decision("alice@example.com")
    assert decision["verdict"] == "refuse"
    assert decision["because"] == "relay"
    assert rcpt(sendmail)[0] == 550


def test_the_queue_id_is_known_from_the_first_recipient_on(sendmail, site):
    milter = closed(site, "alice")
    assert rcpt(sendmail)[0] == 550
    queue_id = milter.decision("alice@example.com")["queue"]
    assert queue_id != "NOQUEUE"
    assert queue_id in sendmail.log() or len(queue_id) >= 12


def test_mail_of_this_host_is_accepted(sendmail, site):
    """sendmail -bm asks no milter; -bs does, and shows no address."""
    milter = closed(site, "alice")
    sendmail.submit(b"Subject: cron\n\nAll is well.\n", "alice@example.com")
    assert len(sendmail.mails("alice")) == 1
    codes = sendmail.submit_smtp(
        "HELO localhost\r\n", "MAIL FROM:<root@example.com>\r\n",
        "RCPT TO:<alice@example.com>\r\n", "DATA\r\n",
        "Subject: cron\r\n\r\nWell.\r\n.\r\n", "QUIT\r\n")
    assert codes == ["220", "250", "250", "250", "354", "250", "221"]
    assert len(sendmail.mails("alice")) == 2
    assert rcpt(sendmail)[0] == 550
    assert milter.decisions()[-1]["verdict"] == "refuse"


def test_without_a_domain_it_is_the_site_s_own(sendmail, site):
    """Sendmail takes a bare user for one of this host."""
    closed(site, "alice")
    with sendmail.session() as smtp:
        smtp.mail("bob@sender.example")
        assert smtp.docmd("RCPT", "TO:<alice>")[0] == 550
        assert smtp.docmd("RCPT", "TO:<postmaster>")[0] == 250


def test_parameters_are_no_part_of_an_address(sendmail, site):
    site.prefer("alice", '{ name = "no pitches"; '
                'if = { from = "bob@sender.example"; }; then = "refuse"; }')
    site.publish()
    milter = site.start()
    with sendmail.session() as smtp:
        assert smtp.docmd("MAIL", "FROM:<bob@sender.example> "
                          "BODY=8BITMIME SIZE=100 RET=HDRS")[0] == 250
        assert smtp.docmd("RCPT", "TO:<alice@example.com> NOTIFY=NEVER "
                          "ORCPT=rfc822;<x>@example.com")[0] == 550
    decision = milter.decision("alice@example.com")
    assert decision["from"] == "bob@sender.example"


@pytest.mark.parametrize("state", ("away", "killed amid a mail"))
@pytest.mark.parametrize("port, code", (("accept", 250), ("tempfail", 451)))
def test_a_milter_that_fails(sendmail, site, state, port, code):
    """Without an F flag mail passes; with F=T it is to come again."""
    milter = closed(site, "alice")
    if state == "away":
        milter.kill()
    with sendmail.session(port) as smtp:
        codes = [smtp.mail("bob@sender.example")[0],
                 smtp.rcpt("bert@example.com")[0]]
        if state != "away":
            milter.kill()
        try:
            codes.append(smtp.data(PITCH)[0])
        except smtplib.SMTPDataError as error:
            codes.append(error.smtp_code)
    assert code in codes and max(codes) in (code, 503), codes
    assert len(sendmail.mails("bert")) == (1 if code == 250 else 0)


def test_raw_bytes_in_an_address_harm_nobody(sendmail, site):
    """This Sendmail has no SMTPUTF8 and takes eight bits for no address."""
    milter = closed(site, "alice")
    with sendmail.session() as smtp:
        smtp.mail("bob@sender.example")
        smtp.send("RCPT TO:<jürgen@example.com>\r\n".encode())
        assert smtp.getreply()[0] in (250, 501, 553)
        assert smtp.rcpt("alice@example.com")[0] == 550
    assert milter.process.poll() is None


def test_a_mail_beside_the_snippet_s_other_filters(sendmail, site):
    """OpenDKIM and OpenDMARC of the snippet are away: mail passes them."""
    site.prefer("alice", NOBODY)
    site.publish()
    site.start()
    assert rcpt(sendmail, port="filters")[0] == 550
    assert send(sendmail, mail(to="bert@example.com"),
                ("bert@example.com",), port="filters")[0] == 250
