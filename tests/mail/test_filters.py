"""Proof behind the real OpenDKIM and OpenDMARC, on both MTAs.

The snippets' settings are used as they stand: "queue-id" on Postfix,
"stripped" on Sendmail. A party that the policy lets in is proven by the
signature of its mail or by SPF with DMARC; a claim, and every forged
Authentication-Results, admits nobody.
"""

import dkim
import pytest

import filter_lab
import mail_site
from mail_site import mail
from test_answers import send
from test_proof_on_the_wire import FORGERIES, PARTNERS, PASS, FIELD

ALICE = "alice@example.com"
PAT = "pat@partner.example"


@pytest.fixture(scope="session")
def key():
    return filter_lab.key()



@pytest.fixture(scope="module", params=("postfix", "sendmail"))
def filters(request, key):
    """The MTA with both filters before Usher."""
    lab = request.getfixturevalue(f"private_{request.param}")
    postfix = request.param == "postfix"
    texts = {
        "s._domainkey.partner.example": key[1],
        "s._domainkey.evil.example": key[1],
        "s._domainkey.plain.example": key[1],
        "_dmarc.partner.example": "v=DMARC1; p=none",
        "_dmarc.evil.example": "v=DMARC1; p=none",
        "_dmarc.spf.example": "v=DMARC1; p=none",
        "spf.example": f"v=spf1 ip4:{lab.client} -all",
        "partner.example": "v=spf1 ip4:198.51.100.1 -all",
    }
    running = filter_lab.Filters(
        lab.spool if postfix else lab.base,
        "postfix-main.cf.snippet" if postfix else "sendmail.mc.snippet",
        texts)
    try:
        running.start()
        running.lab = lab
        running.authserv = "queue-id" if postfix else "stripped"
        yield running
    finally:
        running.stop()


@pytest.fixture
def lab(filters, tmp_path):
    """The MTA, its mailboxes empty, with a milter that lets partners in."""
    lab = filters.lab
    lab.empty()
    site = mail_site.Site(tmp_path, lab.sockets / "milter.sock")
    site.configure('authserv_ids = [ "mx.example.com" ]; '
                   f'authserv = "{filters.authserv}";')
    site.prefer("alice", PARTNERS.replace(
        '"partner.example"',
        '[ "partner.example", "spf.example", "plain.example" ]'))
    site.publish()
    lab.milter = site.start()
    # To OpenDMARC's SPF every client of 127/8 is whom it says it is.
    lab.claiming = PAT if filters.authserv == "queue-id" else \
        "eve@elsewhere.example"
    yield lab
    site.stop()


def signed(message, key, domain="partner.example"):
    return dkim.sign(message, b"s", domain.encode(), key[0],
                     include_headers=[b"from", b"to", b"subject"]) + message


def code(lab, message, sender):
    return send(lab, message, sender=sender, port="filters")[0]


def test_a_signature_proves_its_party(lab, key):
    assert code(lab, signed(mail(sender=PAT), key), PAT) == 250
    assert lab.milter.decision(ALICE)["rule"] == "partners"
    arrived, = lab.mails("alice")
    assert b"dkim=pass" in arrived and b"dmarc=pass" in arrived


def test_a_signature_proves_a_party_without_dmarc(lab, key):
    """Its own field of SPF results, which OpenDMARC puts between, is no end."""
    pam = "pam@plain.example"
    assert code(lab, signed(mail(sender=pam), key, "plain.example"),
                "pam@elsewhere.example") == 250
    assert lab.milter.decision(ALICE)["rule"] == "partners"


def test_a_server_that_spf_names_proves_its_party(lab):
    assert code(lab, mail(sender="sam@spf.example"), "sam@spf.example") == 250
    assert lab.milter.decision(ALICE)["rule"] == "partners"


def test_a_mail_without_signature_only_claims(lab):
    assert code(lab, mail(sender=PAT), lab.claiming) == 550
    assert lab.mails("alice") == []


def test_a_signature_of_somebody_else_proves_nothing(lab, key):
    message = signed(mail(sender=PAT), key, "evil.example")
    assert code(lab, message, "eve@evil.example") == 550


def test_a_signature_that_was_changed_proves_nothing(lab, key):
    message = signed(mail(sender=PAT), key)
    assert code(lab, message + b"And this.\r\n", lab.claiming) == 550


@pytest.mark.parametrize("shape", FORGERIES)
@pytest.mark.parametrize("signs", (False, True))
def test_a_forgery_admits_nobody(lab, key, shape, signs):
    """With nothing of its own, and beside a true pass of another domain."""
    message = mail(sender=PAT, headers=FORGERIES[shape])
    if signs:
        message = signed(message, key, "evil.example")
    sender = "eve@evil.example" if signs else lab.claiming
    assert code(lab, message, sender) == 550
    assert lab.mails("alice") == []


def test_a_guessed_queue_id_admits_nobody(lab, key):
    """A client sees the id of its last mail, and Sendmail counts them."""
    assert code(lab, signed(mail(sender=PAT), key), PAT) == 250
    last = lab.milter.decision(ALICE)["queue"]
    guesses = [last]
    if last[-6:].isdigit():
        guesses = [f"{last[:-6]}{int(last[-6:]) + i:06d}" for i in range(20)]
    forged = "".join(f"{FIELD}mx.example.com/{one}; {PASS}\r\n"
                     for one in guesses)
    message = mail(sender=PAT, headers=forged)
    assert code(lab, message, lab.claiming) == 550


def test_a_true_result_above_a_forged_one_admits(lab, key):
    forged = f"{FIELD}mx.example.com; {PASS.replace('pass', 'fail')}\r\n"
    message = signed(mail(sender=PAT, headers=forged), key)
    assert code(lab, message, PAT) == 250
