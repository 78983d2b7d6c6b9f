"""usher link: the numbers that introductions named, listed and cut."""

import json

import pytest

SITE = """
site  = { domains = [ "example.com" ]; country_code = "44"; };
mail  = { trust = "claimed"; };
preferences = [ "alice.conf" ];
store = "lmdb:store";
"""
ALICE = """
addresses = [ "alice@example.com" ];
phones = [ "+442070000000" ];
timezone = "UTC";
parties = { listed = { organizations = [ "firm.example" ];
                       phones = [ "+44207555*" ]; }; };
rules = (
  { name = "firm"; if = { organization = "firm.example"; };
    then = "accept"; },
  { name = "no"; then = "refuse"; }
);
"""


@pytest.fixture
def site(usher, tmp_path):
    (tmp_path / "usher.conf").write_text(SITE)
    (tmp_path / "alice.conf").write_text(ALICE)
    assert usher("publish", "-c", tmp_path / "usher.conf").code == 0
    return tmp_path / "usher.conf"


def test_nothing_is_listed_and_nothing_cut(usher, site):
    said = usher("link", "-c", site, "list", "alice@example.com")
    assert said.code == 0
    assert said.stdout == (
        "no introduction to alice@example.com has named a number\n")
    said = usher("link", "-c", site, "list", "alice@example.com", "--json")
    assert (said.code, said.stdout) == (0, "")
    said = usher("link", "-c", site, "cut", "alice@example.com",
                 "+442071234567")
    assert (said.code, said.stdout) == (
        1, "+442071234567 is joined with nobody\n")
    assert usher("link", "-c", site, "list", "bob@example.com").code == 1


@pytest.mark.parametrize("words", [
    (), ("list",), ("cut",), ("cut", "alice@example.com"),
    ("list", "alice@example.com", "x"), ("lost", "alice@example.com"),
    ("cut", "alice@example.com", "bob@vendor.example"),
    ("cut", "alice@example.com", "+442071234567", "--json"),
])
def test_wrong_usage_is_told(usher, site, words):
    said = usher("link", "-c", site, *words)
    assert said.code == 2
    assert said.stderr != ""


def explain(usher, site, number, *words):
    said = usher("explain", "-c", site, "--to", "alice@example.com",
                 "--from", number, "--json", *words)
    return json.loads(said.stdout)


def test_a_listed_number_is_its_organization(usher, site):
    told = explain(usher, site, "+442075551234", "--verified")
    assert (told["verdict"], told["rule"]) == ("accept", "firm")
    link = [step for step in told["trace"] if step["rule"] == "link"]
    assert link[0]["condition"] == "+442075551234 is firm.example"
    assert link[0]["fact"] == "listed in party listed"
    assert explain(usher, site, "+442075551234")["verdict"] == "refuse"
    assert explain(usher, site, "+442075561234",
                   "--verified")["verdict"] == "refuse"


def test_without_a_store_lists_hold_too(usher, tmp_path, site):
    said = usher("explain", "--preferences", tmp_path / "alice.conf", "--to",
                 "alice@example.com", "--from", "+442075551234", "--verified",
                 "--json")
    assert json.loads(said.stdout)["rule"] == "firm"
