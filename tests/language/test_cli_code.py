"""usher code: access codes made, listed, revoked, and what explain says."""

import re

import pytest

SITE = """
site  = { domains = [ "example.com" ]; };
preferences = [ "alice.conf" ];
store = "lmdb:store";
"""
ALICE = """
addresses = [ "alice@example.com" ];
timezone = "America/New_York";
parties = { preferred = { code = true; };
            vendors = { organizations = [ "vendor.example" ]; }; };
rules = ( { name = "preferred"; if = { party = "preferred"; };
            then = "accept"; } );
otherwise = "refuse";
"""
WHO = "alice@example.com"
NOW = ("--at", "2026-11-24T15:00:00-05:00")
FORM = re.compile(r"[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){2}\n")


@pytest.fixture
def conf(usher, tmp_path):
    (tmp_path / "usher.conf").write_text(SITE)
    (tmp_path / "alice.conf").write_text(ALICE)
    assert usher("publish", "-c", tmp_path / "usher.conf").code == 0
    return tmp_path / "usher.conf"


@pytest.fixture
def code(usher, conf):
    return lambda *words: usher("code", "-c", conf, *words, *NOW)


def new(code, *options):
    said = code("new", WHO, "--party", "preferred", *options)
    assert (said.code, said.stderr) == (0, "")
    return said.stdout.strip()


def test_it_is_printed_once_and_listed_by_an_id(code):
    said = code("new", WHO, "--party", "preferred", "--label", "the fair")
    assert said.code == 0 and FORM.fullmatch(said.stdout)
    text = said.stdout.strip()
    one, = code("list", WHO, "--json").lines()
    assert re.fullmatch(r"[0-9a-f]{8}", one.pop("id"))
    assert one == {
        "party": "preferred", "label": "the fair", "owner": None,
        "made": "2026-11-24T20:00:00Z", "until": "2027-11-24T20:00:00Z",
        "uses": None, "used": 0, "left": None, "shared": False,
        "dialled": False}
    listed = code("list", WHO)
    assert "preferred  until 2027-11-24T15:00:00-05:00  used 0" in listed.stdout
    assert text not in listed.stdout and text.lower() not in listed.stdout


def test_a_dialled_one_is_twelve_digits_with_few_uses(code):
    assert re.fullmatch(r"\d{12}", new(code, "--dialled"))
    one, = code("list", WHO, "--json").lines()
    assert (one["uses"], one["left"], one["dialled"]) == (5, 5, True)
    assert one["until"] == "2027-02-22T20:00:00Z"


def test_options_say_when_it_ends_and_how_often_it_serves(code):
    new(code, "--until", "2026-12-01T09:00", "--uses", "3", "--shared")
    one, = code("list", WHO, "--json").lines()
    assert one["until"] == "2026-12-01T14:00:00Z"
    assert (one["uses"], one["shared"]) == (3, True)


def test_it_is_revoked_by_its_id_or_by_itself(code):
    first, second = new(code), new(code, "--dialled")
    ids = [one["id"] for one in code("list", WHO, "--json").lines()]
    assert len(ids) == 2
    for text in (first, second.lower()):
        said = code("revoke", WHO, text)
        assert (said.code, said.stdout) == (0, "the code: revoked\n")
    assert code("revoke", WHO, ids[0]).code == 1
    new(code)
    one, = code("list", WHO, "--json").lines()
    assert code("revoke", WHO, one["id"]).stdout == f"{one['id']}: revoked\n"
    assert code("list", WHO).stdout == f"{WHO} has given out no codes\n"


@pytest.mark.parametrize("words, status, complaint", [
    ([], 2, "what? `new`, `list` or `revoke`"),
    (["nwe", WHO], 2, "did you mean `new`?"),
    (["new"], 2, "whose?"),
    (["new", WHO], 2, "for which party?"),
    (["new", WHO, "--party", "vendors"], 2, "`code = true`"),
    (["new", WHO, "--party", "prefered"], 2, "has a party `prefered`"),
    (["new", WHO, "--party", "preferred", "--uses", "0"], 2, "from 1 to"),
    (["new", WHO, "--party", "preferred", "--uses", "x"], 2, "from 1 to"),
    (["new", WHO, "--party", "preferred", "--until", "2026-11-24T14:59"], 2,
     "is past"),
    (["new", WHO, "--party", "preferred", "--until", "now"], 2, "no use"),
    (["list", WHO, "--shared"], 2, "for `new`"),
    (["list", WHO, "more"], 2, "one word too many"),
    (["revoke", WHO], 2, "which?"),
    (["revoke", WHO, "deadbeef"], 1, "no such code"),
    (["revoke", WHO, "AAAA-BBBB-CCCC"], 1, "no such code"),
])
def test_what_is_wrong_is_said(code, words, status, complaint):
    said = code(*words)
    assert (said.code, said.stdout) == (status, "")
    assert complaint in said.stderr and "AAAA" not in said.stderr


def test_who_published_nothing_has_no_codes(code):
    assert code("new", "bob@example.com", "--party", "preferred").code == 1


def explain(usher, conf, *words, **more):
    return usher("explain", "-c", conf, *words, *NOW, "--json", **more).json()


def test_explain_looks_where_the_daemons_do(usher, conf, code):
    text = new(code, "--label", "the fair")
    fact = 'code "the fair" for preferred until 2027-11-24T20:00:00Z'
    mail = (f"From: bob@vendor.example\nTo: {WHO}\nSubject: Hi {text}\n"
            "Date: Tue, 24 Nov 2026 15:00:00 -0500\n\nHello\n")
    ways = [explain(usher, conf, "--to", WHO, "--from", "bob@vendor.example",
                    "--subject", f"Hi ({text.lower()})"),
            explain(usher, conf, "--to", f"alice+{text}@example.com",
                    "--from", "bob@vendor.example"),
            explain(usher, conf, "--to", WHO, input=mail)]
    for said in ways:
        assert said["verdict"] == "accept"
        assert any(fact in step["fact"] for step in said["trace"])
    # asking records nothing
    one, = code("list", WHO, "--json").lines()
    assert (one["used"], one["owner"]) == (0, None)
    assert explain(usher, conf, "--to", WHO, "--from", "bob@vendor.example",
                   "--subject", "Hi AAAA-BBBB-CCCC")["verdict"] == "refuse"
    assert explain(usher, conf, "--to", WHO, "--from", "bob@vendor.example",
                   "--fact", "code=preferred")["verdict"] == "accept"
