"""usher show: the week as a table."""

import os
import pty
import subprocess

import pytest

import support
from cli_samples import alice, site  # noqa: F401


def table(text):
    """{days: [(hours, [cell ...])]} of a printed week."""
    days, rows = {}, None
    body = text.split("\n\n  for ")[0].split("message\n", 1)[1]
    for line in filter(None, body.splitlines()):
        if not line.startswith("  "):
            rows = days.setdefault(line, [])
            continue
        cells = [line[15 + 13 * i:28 + 13 * i].strip() for i in range(5)]
        rows.append((line[2:15].strip(), cells))
    return days


def show(usher, alice, at, locale="C"):
    said = usher("show", "--preferences", alice, "--at", at,
                 "alice@example.com", env={"LC_ALL": locale})
    assert said.code == 0 and said.stderr == ""
    return said.stdout


def test_show_is_a_week_in_ranges_of_hours(usher, alice):
    text = show(usher, alice, "2026-11-24T15:00")
    assert text.startswith("Alice Ng: Tue 24 Nov 2026 to Mon 30 Nov 2026,\n"
                           "hours of America/New_York\n")
    cells = ["defer", "->email +1", "->email +1", "refuse", "accept"]
    introduced = ["accept *"] + cells[1:]
    days = "Tue 24, Wed 25, Thu 26, Fri 27, Sat 28, Sun 29, Mon 30"
    assert table(text) == {days: [
        ("00:00-11:00", cells), ("11:00-13:00", introduced),
        ("13:00-24:00", cells)]}
    legend = text.split("\n\n  for ")[1]
    for word in ["accept ", "accept * ", "defer", "->email", "->page",
                 "refuse", "mailto:alice@example.com", "pdf",
                 "a stranger who sells"]:
        assert word in legend or word in "  for " + legend, word


def test_show_tells_days_apart(usher, alice):
    alice.write_text("""addresses = [ "alice@example.com" ];
timezone = "America/New_York";
rules = ( { if = { channel = "phone"; }; then = "accept";
            during = "Tue,Thu 16:00-17:00"; } );
""")
    days = table(show(usher, alice, "2026-11-24"))
    assert list(days) == ["Tue 24, Thu 26",
                          "Wed 25, Fri 27, Sat 28, Sun 29, Mon 30"]
    tuesday, wednesday = days.values()
    assert [(hours, cells[1]) for hours, cells in tuesday] == [
        ("00:00-16:00", "defer"), ("16:00-17:00", "accept"),
        ("17:00-24:00", "defer")]
    assert [(hours, cells[1]) for hours, cells in wednesday] == [
        ("all day", "defer")]


def test_show_marks_the_day_on_which_clocks_change(usher, alice):
    alice.write_text("""addresses = [ "alice@example.com" ];
timezone = "America/New_York";
rules = ( { then = "accept"; during = "01:30-02:30"; } );
""")
    days = table(show(usher, alice, "2027-03-12"))
    ranges = {day: [hours for hours, _ in rows]
              for day, rows in days.items()}
    assert ranges["Sun 14 (the clocks change)"] == [
        "00:00-01:30", "01:30-03:00", "03:00-24:00"]
    assert ranges["Fri 12, Sat 13, Mon 15, Tue 16, Wed 17, Thu 18"] == [
        "00:00-01:30", "01:30-02:30", "02:30-24:00"]


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_show_fits_into_80_columns_and_the_locale(usher, alice, locale):
    text = show(usher, alice, "2026-11-24", locale)
    assert max(map(len, text.splitlines())) <= 80
    assert "\x1b" not in text
    assert text.isascii() == (locale == "C")
    assert ("\u2192 email +1" in text) == (locale != "C")


def test_show_of_someone_who_published_nothing(usher, site):
    said = usher("show", "-c", site, "alice@example.com")
    assert said.code == 1 and "published nothing" in said.stdout
    assert usher("publish", "-c", site).code == 0
    said = usher("show", "-c", site, "alice@example.com")
    assert said.code == 0 and said.stdout.startswith("Alice Ng: ")


def on_terminal(*words, **env):
    """What a program says when both its ends are a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [support.program("usher"), *map(str, words)], stdin=theirs,
        stdout=theirs, stderr=theirs, env={**os.environ, **env})
    os.close(theirs)
    said = b""
    try:
        while part := os.read(ours, 65536):
            said += part
    except OSError:	# nobody holds the other end any more
        pass
    os.close(ours)
    return process.wait(60), said.decode()


def test_show_uses_colours_on_a_terminal_unless_told_not_to(alice):
    words = ["show", "--preferences", alice, "alice@example.com"]
    for env, coloured in [({"TERM": "xterm", "NO_COLOR": ""}, True),
                          ({"TERM": "xterm", "NO_COLOR": "1"}, False),
                          ({"TERM": "dumb", "NO_COLOR": ""}, False)]:
        code, said = on_terminal(*words, **env)
        assert code == 0 and "Alice Ng" in said
        assert ("\x1b[" in said) == coloured, env


def test_explain_does_not_wait_for_a_message_that_is_typed(alice):
    code, said = on_terminal("explain", "--preferences", alice, "--to",
                             "alice@example.com")
    assert code == 2 and "Give --from WHO" in said
