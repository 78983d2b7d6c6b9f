"""usher export and usher forget: all that is kept of a person."""

import json

import pytest

CONF = """
site = { domains = [ "example.com" ]; timezone = "UTC"; };
preferences = [ "preferences/*.conf" ];
store = "lmdb:store";
"""
PEOPLE = {"alice": '"alice@example.com", "ng@example.com"',
          "bea": '"bea@example.com"'}
SENT = """\
From: {name}@example.com
To: carol.jones@gmail.com, bob@vendor.example
Subject: Hello
Date: Mon, 23 Nov 2026 09:00:00 +0000

Hello.
"""


@pytest.fixture
def site(usher, tmp_path):
    conf = tmp_path / "usher.conf"
    conf.write_text(CONF)
    (tmp_path / "preferences").mkdir()
    for name, addresses in PEOPLE.items():
        (tmp_path / "preferences" / f"{name}.conf").write_text(
            f"addresses = [ {addresses} ];\nparties = {{ ours = {{ code = "
            "true; }; };\nrules = ( { name = \"o\"; if = { party = \"ours\";"
            " }; then = \"accept\"; } );\n")
    assert usher("publish", "-c", conf).code == 0
    for name in PEOPLE:
        (tmp_path / "Sent.eml").write_text(SENT.format(name=name))
        assert usher("learn", "-c", conf, "--for", f"{name}@example.com",
                     tmp_path / "Sent.eml").code == 0
        assert usher("relate", "-c", conf, f"{name}@example.com",
                     "vendor.example", "--stage", "customer").code == 0
        assert usher("close", "-c", conf, "--until", "2099-01-01",
                     f"{name}@example.com").code == 0
    return conf


@pytest.fixture
def export(usher, site):
    def run(who):
        said = usher("export", "-c", site, who)
        assert said.code == 0 and said.stderr == ""
        return [json.loads(line) for line in said.stdout.splitlines()]
    return run


def kinds(rows):
    return sorted(row["record"] for row in rows)


def test_all_of_a_recipient_is_told_and_removed_and_no_others(
        usher, site, export):
    rows = export("ng@example.com")
    assert kinds(rows) == ["known", "known", "override", "stage"]
    assert {row["recipient"] for row in rows} == {"alice@example.com"}
    assert [row["stages"] for row in rows if row["record"] == "stage"] == [
        ["customer"]]
    tried = usher("forget", "-c", site, "--dry-run", "alice@example.com")
    assert tried.code == 0 and "known: 2 would be removed" in tried.stdout
    assert export("alice@example.com") == rows
    said = usher("forget", "-c", site, "alice@example.com")
    assert said.code == 0
    assert set(said.stdout.splitlines()) == {
        "known: 2 removed", "override: 1 removed", "stage: 1 removed"}
    assert export("alice@example.com") == []
    assert kinds(export("bea@example.com")) == kinds(rows)
    again = usher("forget", "-c", site, "alice@example.com")
    assert again.code == 1 and again.stdout == (
        "nothing is kept of alice@example.com\n")


def test_who_approached_is_told_and_removed_with_every_recipient(
        usher, site, export):
    assert kinds(export("carol.jones@gmail.com")) == ["known", "known"]
    assert kinds(export("vendor.example")) == ["known", "known", "stage",
                                               "stage"]
    # one of a firm is not the firm, nor is a longer name
    assert export("bob@vendor.example") == []
    assert export("dor.example") == [] and export("es@gmail.com") == []
    assert usher("forget", "-c", site, "vendor.example").code == 0
    assert export("vendor.example") == []
    assert kinds(export("alice@example.com")) == ["known", "override"]
    assert usher("forget", "-c", site, "carol.jones@gmail.com").code == 0
    assert kinds(export("alice@example.com")) == ["override"]


def test_a_code_is_told_by_its_label_and_never_itself(usher, site, export):
    made = usher("code", "new", "-c", site, "alice@example.com",
                 "--party", "ours", "--label", "fair")
    assert made.code == 0
    row, = [row for row in export("alice@example.com")
            if row["record"] == "code"]
    assert (row["code_for"], row["label"]) == ("ours", "fair")
    assert row["owner"] is None
    assert usher("forget", "-c", site, "alice@example.com").code == 0
    assert export("alice@example.com") == []


@pytest.mark.parametrize("command", ["export", "forget"])
def test_usage(usher, site, command):
    assert usher(command, "-c", site).code == 2
    assert usher(command, "-c", site, "a@b.example", "c@d.example").code == 2
    assert usher(command, "-c", site, "nobody").code == 2


def test_reports_and_standings_of_an_empty_memory(usher, site):
    said = usher("report", "-c", site)
    assert (said.code, said.stdout) == (
        0, "No attempts on the site are counted.\n")
    said = usher("report", "-c", site, "--json", "bea@example.com")
    assert (said.code, said.stdout, said.stderr) == (0, "", "")
    said = usher("standing", "-c", site, "--json", "bob@vendor.example")
    assert said.code == 0 and said.json() == {
        "party": "bob@vendor.example", "remembered_as": "vendor.example",
        "standing": "new", "figure": 0.0, "recipients": 0, "inside": 0.0,
        "outside": 0.0, "half_days": 30}
    for words in (["report", "--by", "colour"], ["report", "--since", "soon"],
                  ["report", "a@b.example", "c@d.example"], ["standing"],
                  ["standing", "nobody"]):
        assert usher(*words, "-c", site).code == 2
