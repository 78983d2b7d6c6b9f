"""What the proxy counts, and whose standing that moves."""

import json

import support
from test_store import BOB, calls, is_connected

OTHER = "+442071234599"
RULES = """
rules = ( { name = "one may"; if = { channel = "phone";
            from = "+442071234599"; }; then = "accept"; },
          { name = "nobody"; if = { channel = "phone"; }; then = "refuse"; } );
"""


def report(site, *words):
    said = support.run_usher("report", "-c", site.folder / "usher.conf",
                             "--json", *words)
    assert said.code == 0, said.stderr
    return [json.loads(line) for line in said.stdout.splitlines()]


def test_calls_are_counted_once_each(site, trunk, pbx):
    s = site(RULES)
    is_connected(calls(trunk, s, OTHER), pbx)
    for _ in range(3):
        calls(trunk, s).send().final(603)
    calls(trunk, s, proven=False).send().final(603)
    support.wait_for(
        lambda: sum(row["count"] for row in report(s)) == 5, 60, "5 counts")
    rows = {(row["party"], row["proven"], row["verdict"]): row["count"]
            for row in report(s, "--by", "party,verdict")}
    assert rows == {(OTHER, True, "accept"): 1, (BOB, True, "refuse"): 3,
                    (BOB, False, "refuse"): 1}
    said = support.run_usher(
        "standing", "-c", s.folder / "usher.conf", "--json", "--at",
        "2026-11-24T15:00:00-05:00", BOB)
    told = json.loads(said.stdout)
    # the first contact is no offence, and one recipient makes no standing
    assert told["standing"] == "new" and 1.5 < told["outside"] <= 2
