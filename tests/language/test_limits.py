"""Bounds of a preference file (design.md §4, "Limits"), and files that are
no preferences at all: told, never a crash, never a wait."""

import random
import resource
import time

import pytest

from support import run_usher

WHO = 'addresses = [ "alice@example.com" ];\n'


@pytest.fixture
def check(tmp_path):
    def run(text):
        path = tmp_path / "alice.conf"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        start = time.monotonic()
        done = run_usher("check", path)
        assert time.monotonic() - start < 20
        assert done.code in (0, 1, 2), (done.code, done.stderr)
        return done
    return run


def filled(size):
    return WHO + "#" * (size - len(WHO) - 1) + "\n"


def test_64_kB_are_read(check):
    assert check(filled(65536)).code == 0


def test_a_byte_more_is_refused(check):
    done = check(filled(65537))
    assert done.code == 2 and "64 kB" in done.stderr + done.stdout


def rules(count):
    return WHO + "rules = ( " + ", ".join(
        ['{ then = "accept"; }'] * count) + " );\n"


def test_200_rules_are_read(check):
    assert check(rules(200)).code == 0


def test_a_rule_more_is_refused(check):
    done = check(rules(201))
    assert done.code == 2 and "200" in done.stderr + done.stdout


def phrases(topics, patterns):
    return WHO + "topics = { t = [ " + ", ".join(
        f'"word{i}"' for i in range(topics)) + " ]; };\n" + \
        'parties = { p = { code = true; phones = [ ' + ", ".join(
            f'"+1415{i:07}"' for i in range(patterns)) + " ]; }; };\n"


def test_1000_phrases_and_patterns_are_read(check):
    assert check(phrases(600, 400)).code == 0


def test_a_pattern_more_is_refused(check):
    done = check(phrases(600, 401))
    assert done.code == 2 and "1,000" in done.stderr + done.stdout


def test_nothing_else_is_read(check, tmp_path):
    (tmp_path / "other.conf").write_text('name = "Bob";\n')
    done = check(WHO + '@include "other.conf"\n')
    assert done.code == 2 and "@include" in done.stderr + done.stdout
    assert "Bob" not in done.stderr + done.stdout


def test_rules_are_rehearsed_before_they_are_somebodys(tmp_path):
    path = tmp_path / "rules.conf"
    path.write_text('rules = ( { name = "r"; then = "refuse"; } );\n')
    done = run_usher("explain", "--preferences", path, "--to",
                     "alice@example.com", "--from", "bob@vendor.example",
                     "--json")
    assert (done.code, done.json()["rule"]) == (1, "r")
    done = run_usher("check", path)
    assert "addresses" in done.stderr + done.stdout
    assert run_usher("check", "--strict", path).code == 1


BROKEN = [b"\0", b"\xff\xfe", b"(" * 60000, b"{" * 60000, b"a={" * 20000,
          b"a=(" * 20000, b"[" * 65536, b'"' * 65535, b"/*" * 30000,
          b"rules = ( { if = { if = { if = { } } } } );", b"a" * 65536,
          b"name = \"" + b"\\" * 65000, b"= = =", b";;;;", b"rules = 1;",
          b"rules = ( ( ( ) ) );", b"topics = ( );", b"parties = { p = 1; };",
          b"hours = { a = { }; };", b"days = { a = 1L; };", b"published = [];",
          b"addresses = { };", b"phones = ( 1, 2.5, true );",
          b"name = 99999999999999999999999999;", b"say = @",
          b"name = \"\x01\x02\";", b"language = \"\xc3\x28\";"]


@pytest.mark.parametrize("text", BROKEN, ids=lambda text: repr(text[:20]))
def test_what_is_no_preferences_is_told(check, text):
    assert check(text).code == 2


def test_broken_in_any_place(check):
    """A valid file with bytes changed, cut out and doubled at random."""
    whole = (WHO + """
topics = { t = [ "document storage" ]; };
parties = { p = { organizations = [ "*.a.example" ]; trust = "claimed"; }; };
hours = { m = "Mon-Fri 09:00-12:00,13:00-14:00 Europe/London"; };
days = { d = [ "2026-12-24..2027-01-02", "07-04" ]; };
rules = ( { name = "a"; if = { party = "p"; on = "d"; tried = "3 per 30d"; };
  then = "accept"; during = "weekdays not d 22:00-06:00; m"; at_most =
  [ "1 per 1d", "9 per 1d in all" ]; requires = { words = "<=300"; }; },
  { then = "redirect"; to = [ "email", "https://a.example" ];
  say = { en = "x"; de = "y"; }; } );
otherwise = "redirect"; to = "page";
published = { page = "https://a.example/"; };
""").encode()
    source = random.Random(20261124)
    for _ in range(40):
        text = bytearray(whole)
        for _ in range(source.randrange(1, 6)):
            at = source.randrange(len(text))
            way = source.randrange(3)
            if way == 0:
                text[at] = source.randrange(256)
            elif way == 1:
                del text[at:at + source.randrange(1, 40)]
            else:
                text[at:at] = text[at:at + source.randrange(1, 40)]
        check(bytes(text))


def test_thousands_of_windows_are_no_wait(tmp_path):
    """Windows of a minute each: 199 rules of 128, which never accept."""
    def clock(minute):
        return f"{minute // 60:02}:{minute % 60:02}"

    def windows(first):
        starts = [(first * 128 + i) * 7 % 1438 for i in range(128)]
        return ",".join(f"{clock(m)}-{clock(m + 1)}" for m in starts)

    hours = "".join(f'h{i} = "{windows(i)}";\n' for i in range(30))
    several = ",\n".join(f'{{ then = "defer"; during = "h{i % 30}"; }}'
                         for i in range(199))
    path = tmp_path / "alice.conf"
    path.write_text(f"{WHO}hours = {{ {hours} }};\nrules = ( {several},\n"
                    '{ then = "defer"; } );\n')
    start = time.monotonic()
    done = run_usher("explain", "--preferences", path, "--to",
                     "alice@example.com", "--from", "bob@vendor.example",
                     "--at", "2026-11-24T12:00Z", "--json")
    assert done.code == 1 and done.json()["verdict"] == "defer"
    assert time.monotonic() - start < 15


def test_hours_of_many_windows_are_compared_in_a_bounded_time(tmp_path):
    """30 rules, each never reached but by comparing a year of its hours."""
    def used():
        return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime

    windows = ",".join(f"{hour:02}:{minute:02}-{hour:02}:{minute + 1:02}"
                       for hour in range(24)
                       for minute in (3, 17, 31, 45, 55))
    several = "".join(
        '{ if = { channel = "phone"; topic = "t"; }; then = "accept"; '
        f'during = "{windows}"; else = "next"; }},\n' for _ in range(30))
    path = tmp_path / "alice.conf"
    path.write_text(f"{WHO}topics = {{ t = [ \"storage\" ]; }};\n"
                    f'rules = ( {several} {{ if = {{ channel = "phone"; }}; '
                    'then = "defer"; } );\n')
    before = used()
    assert run_usher("check", path).code == 0
    # of the processor alone: half a second, ten times that in a sanitizer
    assert used() - before < 20


def test_topics_are_looked_for_in_500_words(tmp_path):
    path = tmp_path / "alice.conf"
    path.write_text(WHO + 'topics = { t = [ "document storage" ]; };\n'
                    'rules = ( { if = { topic = "t"; }; '
                    'then = "refuse"; } );\n')

    def verdict(before):
        text = "word " * before + "document storage and more"
        return run_usher(
            "explain", "--preferences", path, "--to", "alice@example.com",
            "--from", "bob@vendor.example", "--fact", f"text={text}",
            "--json").json()["verdict"]
    assert verdict(498) == "refuse"
    assert verdict(499) == "accept"
    assert verdict(500) == "accept"
