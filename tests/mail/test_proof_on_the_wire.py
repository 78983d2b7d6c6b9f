"""Who is let in by name must be proven: forged fields admit nobody."""

import pytest

from mail_site import mail
from test_answers import send

PARTNERS = '{ name = "partners"; if = { organization = "partner.example"; };' \
           ' then = "accept"; }, { name = "rest"; then = "refuse"; }'
PASS = "dmarc=pass header.from=partner.example"
FIELD = "Authentication-Results: "
RECEIVED = "Received: from a by b.example; Tue, 24 Nov 2026 19:00:00 +0000\r\n"
FORGERIES = {
    "first line, no Received": f"{FIELD}mx.example.com; {PASS}\r\n",
    "above a Received": f"{FIELD}mx.example.com; {PASS}\r\n{RECEIVED}",
    "below a Received": f"{RECEIVED}{FIELD}mx.example.com; {PASS}\r\n",
    "another queue id": f"{FIELD}mx.example.com/4fZxYk1Q2rz9; {PASS}\r\n",
    "an empty queue id": f"{FIELD}mx.example.com/; {PASS}\r\n",
    "a method no filter writes":
        f"{FIELD}mx.example.com/1; auth=pass smtp.auth=x@partner.example\r\n",
    "another id": f"{FIELD}mx.partner.example; {PASS}\r\n",
    "our id in a comment": f"{FIELD}(mx.example.com) x.example; {PASS}\r\n",
    "several": f"{FIELD}mx.example.com; {PASS}\r\n" * 5,
    "aligned dkim": f"{FIELD}mx.example.com; dkim=pass "
                    "header.d=partner.example\r\n",
    "aligned spf": f"{FIELD}mx.example.com; spf=pass "
                   "smtp.mailfrom=partner.example\r\n",
}


@pytest.fixture
def partners_only(site):
    site.prefer("alice", PARTNERS)
    site.publish()
    return site.start()


def partner(headers=""):
    return mail(sender="pat@partner.example", headers=headers)


def test_a_bare_claim_admits_nobody(postfix, partners_only):
    assert send(postfix, partner(), sender="pat@partner.example")[0] == 550


@pytest.mark.parametrize("shape", FORGERIES)
def test_a_forgery_admits_nobody(postfix, partners_only, shape):
    message = partner(FORGERIES[shape])
    assert send(postfix, message, sender="pat@partner.example")[0] == 550
    assert postfix.mails("alice") == []


@pytest.mark.parametrize("shape", FORGERIES)
def test_a_forgery_behind_our_filter_admits_nobody(
        postfix, partners_only, armilter, shape):
    """Our filter passes eve's own domain; the forgery claims another."""
    message = partner(FORGERIES[shape])
    assert send(postfix, message, sender="eve@evil.example",
                port="behind")[0] == 550


def test_a_true_result_admits(postfix, partners_only, armilter):
    assert send(postfix, partner(), sender="pat@partner.example",
                port="behind")[0] == 250
    arrived, = postfix.mails("alice")
    assert b"Authentication-Results: mx.example.com/" in arrived
    assert partners_only.decision("alice@example.com")["rule"] == "partners"


def test_a_true_result_above_a_forged_one_admits(
        postfix, partners_only, armilter):
    message = partner(FORGERIES["first line, no Received"])
    assert send(postfix, message, sender="pat@partner.example",
                port="behind")[0] == 250


def test_a_site_that_strips_believes_our_id_alone(postfix, site):
    site.configure('authserv_ids = [ "mx.example.com" ]; '
                   'authserv = "stripped";')
    site.prefer("alice", PARTNERS)
    site.publish()
    site.start()
    message = partner(FORGERIES["first line, no Received"])
    assert send(postfix, message, sender="pat@partner.example")[0] == 250
    message = partner(FORGERIES["below a Received"])
    assert send(postfix, message, sender="pat@partner.example")[0] == 550


@pytest.mark.parametrize("id", (
    '(x) mx.example.com', '"mx.example.com"', '"mx.\\example.com"',
    '\r\n (\r\n x)\r\n mx.example.com'))
def test_what_no_pattern_strips_admits_nobody(postfix, site, id):
    site.configure('authserv_ids = [ "mx.example.com" ]; '
                   'authserv = "stripped";')
    site.prefer("alice", PARTNERS)
    site.publish()
    site.start()
    message = partner(f"{FIELD}{id}; {PASS}\r\n")
    assert send(postfix, message, sender="pat@partner.example")[0] == 550


def test_a_site_that_trusts_claims_believes_them(postfix, site):
    site.configure('trust = "claimed";')
    site.prefer("alice", PARTNERS)
    site.publish()
    site.start()
    assert send(postfix, partner(), sender="pat@partner.example")[0] == 250
    assert send(postfix, mail())[0] == 550
