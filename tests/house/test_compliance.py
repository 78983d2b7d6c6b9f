"""The table of RFCs kept names tests that are there, and gives reasons."""

import subprocess

import pytest

import support

TOOL = support.ROOT / "packaging/compliance"
TABLE = support.ROOT / "tests/sip/compliance.table"
RFCS = ("3261", "6026", "3263", "3327", "3581", "4320", "4475", "5118", "5393",
        "5626", "5658")


def listed(*table):
    return subprocess.run([TOOL, "--list", *table], text=True,
                          capture_output=True)


def test_every_row_has_a_test_that_is_there_or_a_reason():
    done = listed()
    assert done.returncode == 0, done.stdout
    for rfc in RFCS:
        assert f"\nRFC {rfc}, " in done.stdout
    for text in ("CANCEL of no transaction", "Beyond 1300", "Path only where"):
        row = done.stdout.partition(text)[2].partition("\n  \u00a7")[0]
        assert "deviation: " in row


@pytest.mark.parametrize("old, new, complaint", [
    ("::a_request_is_forwarded", "::a_request_is_lost", "no such test"),
    ("test_calls.py::", "test_nothing.py::", "no such test"),
    ("\tno part: never a parallel fork\n", "", "neither test nor reason"),
    ("\tdeviation: ", "\tperhaps: ", "no test"),
])
def test_a_table_that_lies_is_found(tmp_path, old, new, complaint):
    text = TABLE.read_text()
    assert old in text
    (tmp_path / "table").write_text(text.replace(old, new))
    done = listed(tmp_path / "table")
    assert done.returncode == 1 and complaint in done.stdout
