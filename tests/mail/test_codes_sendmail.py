"""Access codes over a real Sendmail: test_codes.py has the rest."""

import email

import pytest

import mail_site
import test_answers as answers
from mail_site import mail
from test_codes import ALICE, assert_never_told, begin, new
from test_codes import test_postfix_delivers_without_it as over_postfix

REFERENCE = "r6ifh4zvrcwr"
ALL = '{ name = "preferred"; if = { party = "preferred"; };' \
    ' then = "accept"; }, { name = "all"; then = "accept"; }'


@pytest.fixture
def site(sendmail, tmp_path):
    here = mail_site.Site(tmp_path, sendmail.sockets / "milter.sock")
    here.configure()
    yield here
    here.stop()


def test_it_is_delivered_without_it(sendmail, site):
    over_postfix(sendmail, site)


def test_each_recipient_gets_one_copy(sendmail, site):
    """Alice is named with a code and without; Carol's copy has none either."""
    site.prefer("carol", '{ name = "all"; then = "accept"; }')
    begin(site, ALL)
    code = new(site)
    to = (f"alice+{code}@example.com", "carol@example.com", ALICE)
    assert answers.send(sendmail, to=to, message=mail(
        to=", ".join(to), subject=f"{code} Offer"))[0] == 250
    for name in ("alice", "carol"):
        raw, = sendmail.mails(name)
        delivered = email.message_from_bytes(raw)
        assert delivered["Subject"] == "Offer"
        assert code not in delivered["To"]
    assert_never_told(site, code)


def test_another_delimiter_part_stays(sendmail, site):
    """A reference is no secret, and what else is there is the recipient's."""
    milter = begin(site, ALL)
    to = f"alice+{REFERENCE}@example.com"
    assert answers.send(sendmail, to=(to,), message=mail(
        to=to, subject=f"Ref. {REFERENCE}"))[0] == 250
    raw, = sendmail.mails(f"alice+{REFERENCE}")
    delivered = email.message_from_bytes(raw)
    assert delivered["To"] == to
    assert delivered["Subject"] == f"Ref. {REFERENCE}"
    assert milter.decision(ALICE)["rule"] == "all"
