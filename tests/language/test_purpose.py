"""The purpose of mails that nobody fitted the evidence to, and disguises.

tests/measure/mails holds letters of our own: pitches, what resembles them, and
bulk; labels.tsv says what each is.  Items and weights are made without them,
so what is recognised there is what a stranger's mail would meet.  The figures
may rise; a change that lets one fall takes something away from somebody.
"""

import csv
import email
import email.policy
import html
import re
from collections import Counter, defaultdict

import pytest

import support

MAILS = support.ROOT / "tests/measure/mails"
TO = "info@corp.example"
PREFERENCES = f"""
name = "Somebody";
addresses = [ "{TO}" ];
timezone = "Europe/Zurich";
rules = ( {{ name = "all"; then = "accept"; }} );
"""
BULK = {"newsletter", "uce_bulk"}

# Of a hundred, what is recognised at least; and how many letters that are
# neither a pitch nor bulk may be taken for one.
LEAST = {"cold": 83, "newsletter": 85, "uce_bulk": 35}
LEAST_COLD_OF = {"en": 79, "de": 90, "fr": 75, "es": 75, "pl": 90}
MOST_WRONG = 3


@pytest.fixture(scope="module")
def explain(tmp_path_factory):
    preferences = tmp_path_factory.mktemp("purpose") / "somebody.conf"
    preferences.write_text(PREFERENCES)

    def run(files):
        said = support.run_usher("replay", "--json", "--to", TO,
                                 "--preferences", preferences, *files)
        assert said.code in (0, 1), said.stderr
        lines = said.lines()
        assert [one["file"] for one in lines] == [str(f) for f in files]
        return lines
    return run


@pytest.fixture(scope="module")
def judged(explain):
    """(row of labels.tsv, explain's answer) of every mail."""
    with open(MAILS / "labels.tsv", encoding="utf-8") as table:
        rows = list(csv.DictReader(table, delimiter="\t"))
    assert {row["file"] for row in rows} == {
        path.name for path in MAILS.glob("*.eml")}
    return list(zip(rows, explain([MAILS / row["file"] for row in rows])))


def is_right(label, purpose):
    if label == "cold":
        return purpose == "sales"
    return (purpose in ("sales", "bulk")) == (label in BULK)


def percents(judged, key):
    """Right ones of a hundred, and the names of the wrong ones, by key."""
    seen, right, wrong = Counter(), Counter(), defaultdict(list)
    for row, answer in judged:
        name = key(row)
        seen[name] += 1
        if is_right(row["label"], answer["purpose"]):
            right[name] += 1
        else:
            wrong[name].append(f"{row['file']} is {answer['purpose']}")
    return {name: (100 * right[name] / seen[name], wrong[name])
            for name in seen}


def test_pitches_and_bulk_are_recognised(judged):
    found = percents(judged, lambda row: row["label"])
    for label, least in LEAST.items():
        percent, wrong = found[label]
        assert percent >= least, (label, percent, wrong)


def test_pitches_are_recognised_in_every_language(judged):
    cold = [pair for pair in judged if pair[0]["label"] == "cold"]
    found = percents(cold, lambda row: row["language"])
    for language, least in LEAST_COLD_OF.items():
        percent, wrong = found[language]
        assert percent >= least, (language, percent, wrong)


def test_letters_of_people_and_programs_are_left_alone(judged):
    honest = [pair for pair in judged
              if pair[0]["label"] not in BULK | {"cold"}]
    wrong = [(row["file"], answer["purpose"], answer["evidence"])
             for row, answer in honest
             if not is_right(row["label"], answer["purpose"])]
    assert len(wrong) <= MOST_WRONG, wrong


# ---- the same letter in disguise: what a reader sees is what counts ----

HEAD = """\
Return-Path: <jo@sender.example>
From: Jo <jo@sender.example>
To: <info@corp.example>
Subject: Quick question
Date: Mon, 03 Mar 2025 09:00:00 +0100
Message-ID: <a.1@sender.example>
MIME-Version: 1.0
"""
PLAIN = "Content-Type: text/plain; charset=utf-8\n\n"
PAGE = "Content-Type: text/html; charset=utf-8\n\n"
LOOKALIKES = str.maketrans("aceopxyi", "асеорхуі")
BOLD = str.maketrans({chr(97 + i): chr(0x1d41a + i) for i in range(26)})


def in_words(text, put):
    """Puts something into the middle of each longer word outside of tags."""
    return re.sub(r"(<[^>]*>|&\w+;)|\b([^\W\d_]{2})([^\W\d_]{2,})",
                  lambda m: m[1] or m[2] + put + m[3], text)


def page(text):
    return "<p>" + html.escape(text, False).replace("\n", "<br>\n") + "</p>"


DISGUISES = {
    "html": lambda t: PAGE + page(t),
    "numbers for letters": lambda t: PAGE + "".join(
        f"&#{ord(c)};" if c != "\n" else "<br>" for c in t),
    "numbers without an end": lambda t: PAGE + re.sub(
        r"\b([a-z])(?=[a-z])", lambda m: f"&#{ord(m[1])}", page(t)
    ).replace("<&#98r>", "<br>"),
    "soft hyphens": lambda t: PLAIN + in_words(t, "\u00ad"),
    "no width": lambda t: PLAIN + in_words(t, "\u200b"),
    "fillers": lambda t: PLAIN + in_words(t, "\u3164"),
    "other scripts": lambda t: PLAIN + re.sub(
        r"\b[A-Za-z]{2,}", lambda m: m[0][0] + m[0][1:-1].translate(LOOKALIKES)
        + m[0][-1], t),
    "bold mathematics": lambda t: PLAIN + t.translate(BOLD),
    "empty tags": lambda t: PAGE + in_words(page(t), "<b></b>"),
    "comments": lambda t: PAGE + in_words(page(t), "<!-->") + "<!-- x -->",
    "hidden salt": lambda t: PAGE + in_words(
        page(t), "<i style='display:none'>qz</i>"),
    "salt of a class": lambda t: PAGE + "<style>.k{display:none}</style>"
    + in_words(page(t), "<i class=k>qz</i>"),
    "a box of size nothing": lambda t: PAGE
    + "<td style='font-size:0px'><div style='font-size:13px'>" + page(t),
    "a hidden paragraph before": lambda t: PAGE
    + "<p style='display:none'>x<div>" + page(t),
    "a name for the letter": lambda t: PLAIN.replace(
        "utf-8", "utf-8; name=a.txt") + t,
    "dashes above": lambda t: PLAIN + "-- \n" + t,
    "blanks": lambda t: PLAIN + t.replace(" ", "\u00a0"),
    "capitals": lambda t: PLAIN + t.upper(),
}


def letters():
    """The texts of some pitches, in Latin letters without accents."""
    for path in sorted(MAILS.glob("cold-en-*.eml")):
        mail = email.message_from_bytes(path.read_bytes(),
                                        policy=email.policy.default)
        part = mail.get_body(("plain",))
        text = part.get_content().replace("\r\n", "\n") if part else ""
        if text.isascii() and "\n>" not in text and "http" not in text:
            yield text


def words_that_spoke(answer):
    return {(item["name"], item["where"]) for item in answer["evidence"]
            if item["where"] in ("text", "subject")}


@pytest.mark.parametrize("disguise", DISGUISES)
def test_a_disguise_takes_no_evidence_away(explain, tmp_path, disguise):
    files = []
    for number, text in enumerate(list(letters())[:12]):
        for kind, write in (("open", lambda t: PLAIN + t),
                            ("disguised", DISGUISES[disguise])):
            path = tmp_path / f"{number}.{kind}.eml"
            path.write_text(HEAD + write(text), encoding="utf-8")
            files.append(path)
    spoke = [words_that_spoke(answer) for answer in explain(files)]
    assert sum(map(len, spoke[::2])) > 10
    for number, (plain, disguised) in enumerate(zip(spoke[::2], spoke[1::2])):
        assert plain <= disguised, (number, plain - disguised)
