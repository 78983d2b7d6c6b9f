"""The site's rules and names around a recipient's (design.md §4): `before`,
`after`, `default`, and what every recipient may name."""

import pytest

from support import run_usher

ALICE = """
addresses = [ "alice@example.com" ]; phones = [ "+14155550100" ];
timezone = "America/New_York";
"""


@pytest.fixture
def site(tmp_path):
    """site(usher.conf's `site`, alice's rest): explain(options...)."""
    def make(settings, alice="", others=None):
        (tmp_path / "alice.conf").write_text(ALICE + alice)
        for name, text in (others or {}).items():
            (tmp_path / name).write_text(text)
        conf = tmp_path / "usher.conf"
        conf.write_text(
            'site = { domains = [ "example.com" ]; timezone = "UTC"; '
            'country_code = "1"; ' + settings + " };\n"
            'preferences = [ "alice.conf", "bob.conf" ];\n'
            f'store = "lmdb:{tmp_path}/store";\n')
        done = run_usher("publish", "-c", conf)
        assert done.code == 0, done.stderr

        def explain(*options, to="alice@example.com"):
            if "--from" not in options:
                options += ("--from", "carol@vendor.example")
            done = run_usher("explain", "-c", conf, "--to", to, "--json",
                             "--at", "2026-11-24T12:00:00Z", *options)
            assert done.code in (0, 1), done.stderr
            got = done.json()
            return got["verdict"], got["rule"], got
        return explain
    return make


def test_before_speaks_first(site):
    explain = site(
        'before = ( { name = "pests"; if = { from = "vendor.example"; }; '
        'then = "refuse"; } );', 'rules = ( { then = "accept"; } );')
    assert explain()[:2] == ("refuse", "before/pests")
    assert explain("--from", "x@else.example")[:2] == ("accept", "rules[0]")


def test_a_site_rule_without_name_goes_by_its_place(site):
    explain = site(
        'before = ( { if = { purpose = "bulk"; }; then = "refuse"; } ); '
        'after = ( { then = "refuse"; } );')
    assert explain("--purpose", "bulk")[:2] == ("refuse", "before/rules[0]")
    assert explain()[:2] == ("refuse", "after/rules[0]")


def test_after_speaks_before_otherwise(site):
    explain = site(
        'after = ( { name = "sales"; if = { purpose = "sales"; }; '
        'then = "redirect"; to = "page"; } );',
        'rules = ( { name = "own"; if = { purpose = [ "bulk", "sales" ]; '
        'topic = "t"; }; then = "accept"; } ); otherwise = "refuse"; '
        'topics = { t = [ "search" ]; };')
    assert explain("--purpose", "sales")[:2] == ("redirect", "after/sales")
    assert explain("--purpose", "sales", "--subject", "search")[:2] == \
        ("accept", "own")
    assert explain("--purpose", "list")[:2] == ("refuse", "otherwise")


def test_names_of_the_site(site):
    explain = site(
        'parties = { search = { organizations = [ "vendor.example" ]; }; };'
        'topics = { s = [ "search" ]; }; hours = { office = "09:00-10:00"; };'
        'days = { holidays = [ "11-24" ]; };',
        'rules = ( { name = "party"; if = { party = "search"; topic = "s"; };'
        ' then = "refuse"; }, { name = "day"; if = { on = "holidays"; '
        'purpose = "bulk"; }; then = "refuse"; }, { name = "office"; '
        'then = "accept"; during = "office; not holidays 01:00-02:00"; } );')
    assert explain("--subject", "search")[1] == "party"
    assert explain("--purpose", "bulk")[1] == "day"
    verdict, rule, got = explain()
    assert (verdict, rule) == ("defer", "office")
    # The window of the site is read in the recipient's zone.
    assert got["opening"] == {"from": "2026-11-24T14:00:00Z",
                              "until": "2026-11-24T15:00:00Z"}


def test_own_names_win(site):
    explain = site(
        'parties = { p = { organizations = [ "vendor.example" ]; }; };'
        'hours = { h = "00:00-24:00"; }; before = ( { name = "b"; if = { '
        'party = "p"; purpose = "bulk"; }; then = "refuse"; } );',
        'parties = { p = { organizations = [ "own.example" ]; }; };'
        'hours = { h = "Sat 01:00-02:00"; };'
        'rules = ( { name = "r"; if = { party = "p"; }; then = "refuse"; },'
        ' { name = "h"; then = "accept"; during = "h"; } );')
    assert explain()[:2] == ("defer", "h")
    assert explain("--from", "a@own.example")[:2] == ("refuse", "r")
    # The site's rules keep the site's.
    assert explain("--purpose", "bulk")[:2] == ("refuse", "before/b")


def test_site_days_and_hours_are_the_recipients_clock(site):
    explain = site(
        'before = ( { name = "noon"; if = { on = "2026-11-24"; }; then = '
        '"defer"; during = "07:00-08:00"; } );')
    verdict, rule, got = explain()
    assert (verdict, rule) == ("defer", "before/noon")
    assert got["opening"]["from"] == "2026-11-24T13:00:00Z"


def test_who_published_nothing_is_left_alone(site):
    explain = site('before = ( { then = "refuse"; } );')
    assert explain(to="dave@example.com")[:2] == ("accept", "safety")


def test_the_default_is_for_who_published_nothing(site):
    explain = site('default = "default.conf";', others={
        "default.conf": 'rules = ( { name = "d"; then = "refuse"; } );'})
    assert explain(to="dave@example.com")[:2] == ("refuse", "d")
    assert explain()[:2] == ("accept", "otherwise")


BOB = 'addresses = [ "bob@example.com" ]; phones = [ "+14155550111" ];'


def test_a_target_that_is_a_recipient_has_their_say(site):
    alice = ('rules = ( { name = "r"; then = "redirect"; to = [ '
             '"mailto:bob@example.com", "mailto:desk@example.com" ]; } );')
    explain = site("", alice, {"bob.conf": BOB + ' rules = ( { if = { from = '
                                                 '"vendor.example"; }; then ='
                                                 ' "refuse"; } );'})
    assert [to["uri"] for to in explain()[2]["to"]] == \
        ["mailto:desk@example.com"]
    assert [to["uri"] for to in explain("--from", "x@else.example")[2]["to"]] \
        == ["mailto:bob@example.com", "mailto:desk@example.com"]


def test_the_default_does_not_speak_for_other_sites(site):
    alice = ('rules = ( { name = "r"; then = "redirect"; to = [ '
             '"mailto:desk@example.com", "mailto:info@elsewhere.example" ]; '
             '} );')
    explain = site('default = "default.conf";', alice, {
        "default.conf": 'rules = ( { name = "d"; then = "refuse"; } );'})
    assert [to["uri"] for to in explain()[2]["to"]] == \
        ["mailto:info@elsewhere.example"]


def test_by_number_and_by_every_address(site):
    explain = site("", 'rules = ( { name = "r"; then = "refuse"; } );')
    for who in ("+14155550100", "ALICE@example.com", "alice+x@example.com",
                "(415) 555-0100", "sip:+14155550100@pbx.example.com"):
        assert explain(to=who)[1] == "r", who
