"""Preferences, mails and fixtures that the tests of the command line share."""

import pytest

KEYS = ["recipient", "from", "channel", "purpose", "evidence", "at",
        "verdict", "rule", "reason", "opening", "to", "missing", "say",
        "introduces", "trace", "why_not"]

ALICE = """
name = "Alice Ng";
addresses = [ "alice@example.com" ];
phones = [ "+14155550100" ];
timezone = "America/New_York";
published = { email = "alice@example.com";
              page = "https://reach.example.com/alice"; };
topics = { nothing = [ "zyx" ]; document-storage = [ "document storage" ]; };
rules = (
  { name = "mailing";
    if = { channel = "email"; purpose = [ "transactional", "list" ]; };
    then = "accept"; },
  { name = "storage, Tuesday and Thursday";
    if = { channel = "phone"; topic = "document-storage"; };
    then = "accept"; during = "Tue,Thu 16:00-17:00"; },
  { name = "no fax"; if = { channel = "fax"; }; then = "refuse"; },
  { name = "write first";
    if = { channel = [ "phone", "video" ]; stranger = true; };
    then = "redirect"; to = [ "email", "page" ];
    say = "Please write before you call."; },
  { name = "colleagues";
    if = { channel = "email"; organization = "example.com";
           verified = true; };
    then = "accept"; },
  { name = "one introduction";
    if = { channel = "email"; purpose = "sales"; };
    then = "accept"; during = "11:00-13:00";
    requires = { attachment = "pdf"; }; introduces = true; },
  { name = "deliveries"; if = { channel = "email"; topic = "nothing"; };
    then = "refuse"; }
);
"""
PITCH = """\
Return-Path: <bob@seller.example>
Received: from relay.seller.example by mx.example.com; Tue,
\t24 Nov 2026 12:00:00 -0500
From: Bob <bob@seller.example>
To: alice@example.com
Subject: zyx
Date: Mon, 23 Nov 2026 09:00:00 -0500

From here on it is a plain text.
"""
REPORT = """\
Return-Path: <>
From: MAILER-DAEMON@seller.example
Auto-Submitted: auto-replied
Subject: zyx
Date: Tue, 24 Nov 2026 13:30:00 -0500

Away.
"""


@pytest.fixture
def alice(tmp_path):
    path = tmp_path / "alice.conf"
    path.write_text(ALICE)
    return path


@pytest.fixture
def site(tmp_path, alice):
    """A site whose only source is Alice's; nothing is published yet."""
    (tmp_path / "preferences").mkdir()
    (tmp_path / "preferences/alice.conf").write_text(ALICE)
    path = tmp_path / "usher.conf"
    path.write_text(f"""
site = {{ domains = [ "example.com" ]; timezone = "America/New_York";
         country_code = "1"; }};
preferences = [ "preferences/*.conf" ];
store = "lmdb:{tmp_path}/store";
mail = {{ authserv_ids = [ "mx.example.com" ]; }};
""")
    return path


@pytest.fixture
def explain(usher, alice):
    def run(*words, to="alice@example.com", **more):
        return usher("explain", "--preferences", alice, "--to", to, *words,
                     **more)
    return run
