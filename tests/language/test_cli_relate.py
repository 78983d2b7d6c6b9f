"""usher relate: how far a recipient has come with a party."""

import pytest

SITE = """
site  = { domains = [ "example.com" ]; stages = [ "partner" ]; };
mail  = { trust = "claimed"; };
preferences = [ "alice.conf" ];
store = "lmdb:store";
"""
ALICE = """
addresses = [ "alice@example.com", "ng@example.com" ];
rules = (
  { name = "buyers"; if = { stage = [ "customer", "partner" ]; };
    then = "accept"; },
  { name = "helped"; if = { stage = "support"; }; then = "accept"; }
);
otherwise = "refuse";
"""
ALICE_AT = "alice@example.com"
TABLE = """\
\ufeffName,Email,Lifecycle Stage,Phone,Website
"Bob, B",bob@gmail.com,Partner,,
"Carol
of two lines",,support,+442071234567,https://www.firm.example/about
Xaver,x@lead.example,lead,,
,,customer,,
Yann,yann,customer,,
"""


@pytest.fixture
def relate(usher, tmp_path):
    (tmp_path / "usher.conf").write_text(SITE)
    (tmp_path / "alice.conf").write_text(ALICE)
    site = tmp_path / "usher.conf"
    assert usher("publish", "-c", site).code == 0
    return lambda *words: usher("relate", "-c", site, *words)


@pytest.fixture
def ask(usher, relate, tmp_path):
    return lambda who, *words: usher(
        "explain", "-c", tmp_path / "usher.conf", "--to", "ng@example.com",
        "--from", who, "--json", *words).json()


def test_a_mark_holds_until_it_is_taken_back(relate, ask):
    assert ask("bob@mail.vendor.example")["verdict"] == "refuse"
    said = relate(ALICE_AT, "vendor.example", "--stage", "customer")
    assert (said.code, said.stdout) == (0, "vendor.example: customer\n")
    assert ask("bob@mail.vendor.example")["rule"] == "buyers"
    assert ask("bob@other.example")["verdict"] == "refuse"
    said = relate("ng@example.com", "eve@vendor.example", "--stage",
                  "customer", "--remove")
    assert said.stdout == "eve@vendor.example: no more customer\n"
    assert ask("bob@mail.vendor.example")["verdict"] == "refuse"


def test_several_marks_hold_at_once(relate, ask):
    for stage in ("evaluation", "support", "customer", "support"):
        assert relate(ALICE_AT, "+442071234567", "--stage", stage).code == 0
    assert relate(ALICE_AT).stdout.splitlines() == [
        "+442071234567: evaluation", "+442071234567: customer",
        "+442071234567: support"]
    assert ask("+442071234567", "--verified")["rule"] == "buyers"
    relate(ALICE_AT, "+442071234567", "--stage", "customer", "--remove")
    assert ask("+442071234567", "--verified")["rule"] == "helped"
    assert relate(ALICE_AT, "+442071234567", "--remove").code == 0
    assert ask("+442071234567", "--verified")["verdict"] == "refuse"
    assert relate(ALICE_AT).stdout == (
        "alice@example.com has no marks for anybody\n")


def test_free_mail_is_marked_by_its_address(relate, ask):
    relate(ALICE_AT, "bob@gmail.com", "--stage", "partner")
    assert ask("bob@gmail.com")["verdict"] == "accept"
    assert ask("eve@gmail.com")["verdict"] == "refuse"


def test_explain_names_the_marks(relate, ask):
    relate(ALICE_AT, "vendor.example", "--stage", "evaluation")
    assert any(step["fact"] == "remembered: evaluation"
               for step in ask("bob@vendor.example")["trace"])


def test_a_claim_has_no_marks(relate, usher, ask, tmp_path):
    relate(ALICE_AT, "vendor.example", "--stage", "customer")
    (tmp_path / "usher.conf").write_text(
        SITE.replace('mail  = { trust = "claimed"; };\n', ""))
    assert ask("bob@vendor.example")["verdict"] == "refuse"
    assert ask("bob@vendor.example", "--verified")["verdict"] == "accept"


def test_a_table_is_read_and_what_is_unclear_is_listed(relate, ask, tmp_path):
    table = tmp_path / "crm.csv"
    table.write_text(TABLE, encoding="utf-8")
    tried = relate(ALICE_AT, "--import", table, "--dry-run")
    assert tried.code == 1
    assert relate(ALICE_AT).stdout.endswith("no marks for anybody\n")
    said = relate(ALICE_AT, "--import", table)
    lines = said.stdout.splitlines()
    assert said.code == 1
    assert lines[-1] == "3 marks made, 3 not understood"
    assert [line.split(" not understood: ")[0] for line in lines[:-1]] == [
        f"{table}: row {n}:" for n in (4, 5, 6)]
    assert "`lead` is no stage" in lines[0]
    assert relate(ALICE_AT).stdout.splitlines() == [
        "+442071234567: support", "bob@gmail.com: partner",
        "firm.example: support"]
    assert ask("eve@mail.firm.example")["rule"] == "helped"


@pytest.mark.parametrize("by", [";", "\t"])
def test_a_table_may_be_parted_as_a_spreadsheet_does(relate, tmp_path, by):
    table = tmp_path / "crm.csv"
    table.write_text(f'name{by}Email{by}Stage\r\n"Ng, A."{by}'
                     f'a@firm.example{by}customer\r\n', encoding="utf-8-sig")
    assert relate(ALICE_AT, "--import", table).code == 0
    assert relate(ALICE_AT).stdout == "firm.example: customer\n"


@pytest.mark.parametrize("text, complaint", [
    ("email,phone\na@b.example,\n", "must name a column `stage`"),
    ("stage\ncustomer\n", "must name a column `party`"),
    ('email,stage\n"a@b.example,customer\n', "a quote is not closed"),
])
def test_a_table_that_is_none_is_refused(relate, tmp_path, text, complaint):
    (tmp_path / "crm.csv").write_text(text)
    said = relate(ALICE_AT, "--import", tmp_path / "crm.csv")
    assert said.code == 2 and complaint in said.stderr


@pytest.mark.parametrize("words, complaint", [
    ([], "Name the recipient"),
    ([ALICE_AT, "vendor.example"], "--stage STAGE"),
    ([ALICE_AT, "--stage", "customer"], "Name the party"),
    ([ALICE_AT, "vendor.example", "--stage", "custmer"],
     "did you mean `customer`"),
    ([ALICE_AT, "nobody", "--stage", "customer"], "is no address"),
    ([ALICE_AT, "a.example", "b.example", "--remove"], "one party"),
    ([ALICE_AT, "--dry-run"], "--dry-run is for --import"),
    ([ALICE_AT, "--import", "/nowhere.csv"], "No such file"),
])
def test_it_says_what_is_wrong(relate, words, complaint):
    said = relate(*words)
    assert said.code == 2 and complaint in said.stderr
