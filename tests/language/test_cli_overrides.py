"""usher open and usher close: the wish of the moment over the stored one.

The store is real. Times lie in 2037, whose Tuesday is the 24th of November.
"""

import pytest

SITE = """
site  = { domains = [ "example.com" ]; timezone = "Europe/Berlin";
          parties = { partners = { organizations = [ "partner.example" ]; }; };
          before = ( { name = "banned"; if = { from = "ban.example"; };
                       then = "refuse"; } ); };
mail  = { trust = "claimed"; };
preferences = [ "alice.conf" ];
store = "lmdb:store";
"""
ALICE = """
addresses = [ "alice@example.com", "ng@example.com" ];
phones    = [ "+493012345" ];
timezone  = "Europe/Berlin";
topics    = { archives = [ "document storage" ]; };
parties   = { vendors = { organizations = [ "vendor.example" ]; }; };
rules = (
  { name = "calls"; if = { channel = "phone"; }; then = "accept";
    during = "Tue 16:00-17:00"; },
  { name = "no mail"; if = { channel = "email"; }; then = "refuse"; }
);
"""
ALICE_AT = "alice@example.com"
TUESDAY = "2037-11-24T"


@pytest.fixture
def site(tmp_path, usher):
    (tmp_path / "usher.conf").write_text(SITE)
    (tmp_path / "alice.conf").write_text(ALICE)
    assert usher("publish", "-c", tmp_path / "usher.conf").code == 0
    return tmp_path / "usher.conf"


@pytest.fixture
def wish(usher, site):
    """wish("open", ..., until="12:00"): done well, what it printed."""
    def wish(what, *options, until="12:00", at="08:00", who=ALICE_AT):
        until = until if until == "now" else TUESDAY + until
        said = usher(what, "-c", site, *options, "--until", until, "--at",
                     TUESDAY + at, who)
        assert said.code == 0, said.stderr
        return said.stdout
    return wish


@pytest.fixture
def ask(usher, site):
    def ask(at="10:00", who=ALICE_AT, sender="bob@vendor.example", *options):
        return usher("explain", "-c", site, "--to", who, "--from", sender,
                     "--verified", "--at", TUESDAY + at, "--json",
                     *options).json()
    return ask


def test_what_is_open_is_accepted_until_its_end(wish, ask):
    assert ask()["verdict"] == "refuse"
    assert wish("open") == ("alice@example.com: Open until "
                            "2037-11-24T12:00:00+01:00.\n")
    said = ask()
    assert (said["verdict"], said["rule"], said["reason"]) == (
        "accept", "override", "override")
    assert ask("11:59", "ng@example.com")["verdict"] == "accept"
    assert ask("12:00")["verdict"] == "refuse"
    assert ask("07:59")["verdict"] == "refuse", "before it was given"


def test_the_trace_names_it_and_its_end(wish, ask):
    wish("open", "--channel", "email,fax", "--party", "vendors")
    assert {"rule": "override", "part": "override", "fact": "remembered",
            "condition": "open for email, fax, party vendors until "
                         "2037-11-24T11:00:00Z",
            "proven": "yes", "claimed": "yes"} in ask()["trace"]


def test_what_is_closed_is_deferred_to_the_next_opening(wish, ask):
    wish("close", "--channel", "phone", until="16:30")
    said = ask("16:10", "+493012345", "+442071234567")
    assert (said["verdict"], said["reason"]) == ("defer", "override")
    assert said["opening"] == {"from": "2037-11-24T15:30:00Z",
                               "until": "2037-11-24T16:00:00Z"}
    assert ask("16:10")["verdict"] == "refuse", "mail is as it was"
    assert ask("16:30", "+493012345", "+442071234567")["verdict"] == "accept"


def test_the_later_given_wins(wish, ask):
    wish("close", at="08:00")
    wish("open", "--channel", "email", at="08:01")
    assert ask()["verdict"] == "accept"
    wish("close", at="08:02")
    assert ask()["verdict"] == "defer"


@pytest.mark.parametrize("party, others", [
    ("vendors", "bob@partner.example"),
    ("partners", "bob@vendor.example"),
    ("partner.example", "bob@vendor.example"),
    ("bob@partner.example", "eve@partner.example"),
])
def test_a_party_is_a_name_or_who_it_is(wish, ask, party, others):
    meant = "bob@vendor.example" if party == "vendors" \
        else "bob@partner.example"
    wish("open", "--party", party)
    assert ask(sender=meant)["verdict"] == "accept"
    assert ask(sender=others)["verdict"] == "refuse"


def test_a_claim_opens_nothing(wish, usher, site):
    (site.parent / "usher.conf").write_text(
        SITE.replace('mail  = { trust = "claimed"; };\n', ""))
    wish("open", "--party", "vendors")
    said = usher("explain", "-c", site, "--to", ALICE_AT, "--from",
                 "bob@vendor.example", "--at", TUESDAY + "10:00", "--json")
    assert said.json()["verdict"] == "refuse"


def test_a_topic_is_looked_for_in_what_is_said(wish, ask):
    wish("open", "--topic", "archives")
    assert ask("10:00", ALICE_AT, "bob@vendor.example", "--subject",
               "Document storage for you")["verdict"] == "accept"
    assert ask()["verdict"] == "refuse"


def test_what_the_site_says_before_still_counts(wish, ask):
    wish("open")
    assert ask(sender="bob@ban.example")["rule"] == "before/banned"


def test_it_can_be_ended(wish, ask):
    wish("open", "--channel", "email")
    wish("close", "--channel", "phone")
    assert wish("open", "--channel", "email", until="now", at="09:00") == (
        "alice@example.com: Neither open nor closed for email any more.\n")
    assert ask()["verdict"] == "refuse"
    assert ask("16:10", "+493012345", "+442071234567")["verdict"] == "accept"


def test_the_week_shows_it(wish, usher, site):
    wish("open", "--channel", "email", until="10:00")
    shown = usher("show", "-c", site, "--at", TUESDAY + "09:00", ALICE_AT)
    assert ("Open for email until 2037-11-24T10:00:00+01:00.\n"
            in shown.stdout)
    plain = usher("show", "-c", site, "--at", TUESDAY + "10:00", ALICE_AT)
    assert "Open for" not in plain.stdout
    assert shown.stdout.count("accept") > plain.stdout.count("accept")


@pytest.mark.parametrize("words, complaint", [
    ([ALICE_AT], "--until TIME"),
    (["--until", TUESDAY + "12:00"], "Name the recipient"),
    ([ALICE_AT, "--until", "2020-01-01T00:00"], "is past"),
    ([ALICE_AT, "--until", TUESDAY + "12:00", "--channel", "phon"],
     "did you mean `phone`"),
    ([ALICE_AT, "--until", TUESDAY + "12:00", "--party", "vendor"],
     "did you mean `vendors`"),
    ([ALICE_AT, "--until", TUESDAY + "12:00", "--topic", "archive"],
     "did you mean `archives`"),
])
def test_it_says_what_is_wrong(usher, site, words, complaint):
    for what in ("open", "close"):
        said = usher(what, "-c", site, *words)
        assert said.code == 2 and complaint in said.stderr


def test_nobody_opens_who_published_nothing(usher, site):
    said = usher("open", "-c", site, "z@example.com", "--until",
                 TUESDAY + "12:00")
    assert said.code == 1 and "published nothing" in said.stdout
