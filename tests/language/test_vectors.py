"""The vectors of the language: preferences, questions, wanted answers.

vectors/*.vec hold groups: a file of preferences, then questions about it.

    ## a title                  begins a group; the preferences follow
    >> what is shown            begins a question: options of `usher explain`,
    --at 2026-11-24T15:00       as a shell would read them, and in the last
    defer | rule | reason | opening | key: value ...       line the answer

Line 1 of the preferences stands below the title.  Unless the title ends in
"(as it stands)", whoever is not named is alice@example.com, +14155550100, in
America/New_York.  Without --from it is bob@vendor.example who asks.

An answer may end early; what it leaves out is not compared.  An opening is
"none", "FROM .. UNTIL" or, without end in sight, "FROM ..".  Of the keys,
`to` is "CHANNEL URI OPENING" with " + " between targets ("-" for no URI),
`missing` how many things, else what JSON has, as text.  "error LINE: part |
part" instead, in any number of lines, says what `usher check` must say.
"""

import datetime
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from support import run_usher

WHO = """
addresses = [ "alice@example.com" ]; phones = [ "+14155550100" ];
"""
ZONE = 'timezone = "America/New_York";\n'
KEYS = {
    "recipient": str, "from": str, "channel": str, "purpose": str,
    "evidence": list, "at": str, "verdict": str, "rule": str, "reason": str,
    "opening": (dict, type(None)), "to": list, "missing": list,
    "say": (str, type(None)), "trace": list,
}
REASONS = {"rule", "outside its hours", "cap reached", "substance missing",
           "override", "promise", "safety", "no memory"}


@dataclass
class Vector:
    title: str
    name: str
    preferences: str
    options: list
    answer: list = field(default_factory=list)


def read_vectors(path):
    title, lines, vector, here = None, [], None, []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            title, lines, vector = line[3:], [], None
        elif line.startswith(">> "):
            vector = Vector(title, line[3:], preferences(title, lines), [])
            here.append(vector)
        elif vector is None:
            lines.append(line)
        elif line.strip() and not line.startswith("#"):
            vector.answer.append(line.strip())
    for vector in here:
        if not vector.answer[-1].startswith("error"):
            vector.options = shlex.split(" ".join(vector.answer[:-1]))
            del vector.answer[:-1]
    return here


def preferences(title, lines):
    text = "\n".join(lines) + "\n"
    if title.endswith("(as it stands)"):
        return text
    if not re.search(r"^addresses", text, re.M):
        text += WHO
    return text if re.search(r"^timezone", text, re.M) else text + ZONE


def instant(text):
    when = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    assert when.tzinfo is not None, f"{text}: has no offset"
    return when


def opening(text):
    """As in JSON, with instants instead of texts."""
    if text == "none":
        return None
    start, _, end = text.partition("..")
    return {"from": instant(start.strip()),
            "until": instant(end.strip()) if end.strip() else None}


def read_opening(value):
    if value is None:
        return None
    assert set(value) == {"from", "until"}
    return {k: v and instant(v) for k, v in value.items()}


def target(text):
    channel, uri, when = text.split(None, 2)
    return {"channel": channel, "uri": None if uri == "-" else uri,
            "opening": opening(when)}


def compare(key, wanted, got):
    if key == "opening":
        assert read_opening(got["opening"]) == opening(wanted)
    elif key == "to":
        assert [{**to, "opening": read_opening(to["opening"])}
                for to in got["to"]] == [target(t) for t in
                                         wanted.split(" + ") if t != "none"]
    elif key == "missing":
        assert len(got["missing"]) == int(wanted), got["missing"]
    elif key == "at":
        assert got["at"] == wanted
    else:
        assert got[key] == (None if wanted == "null" else wanted)


def check_shape(got):
    for key, kind in KEYS.items():
        assert isinstance(got[key], kind), f"{key}: {got[key]!r}"
    assert got["reason"] in REASONS
    assert got["trace"], "a verdict without its trace"
    instant(got["at"])
    if got["verdict"] in ("accept", "refuse"):
        assert got["opening"] is None
    if got["verdict"] == "redirect":
        for to in got["to"]:
            assert set(to) == {"channel", "uri", "opening"}
    else:
        assert got["to"] == []


def check_answer(vector, done):
    got = done.json()
    parts = vector.answer[0].split(" | ")
    check_shape(got)
    assert done.code == (0 if got["verdict"] == "accept" else 1)
    for key, wanted in zip(["verdict", "rule", "reason", "opening"], parts):
        if ": " in wanted.split("..")[0]:
            break
        compare(key, wanted.strip(), got)
        parts = parts[1:]
    for part in parts:
        key, _, wanted = part.strip().partition(": ")
        compare(key, wanted, got)


def check_errors(vector, path):
    done = run_usher("check", path)
    told = (done.stderr + done.stdout).splitlines()
    assert done.code == 2, told
    for wanted in vector.answer:
        line, _, parts = wanted.removeprefix("error ").partition(": ")
        place = f"{path}:{line}:" if line != "0" else f"{path}:"
        parts = [place] + [p.strip() for p in parts.split(" | ")]
        assert any(all(p in said for p in parts) for said in told), \
            f"no line has {parts}: {told}"
    refused = run_usher("explain", "--preferences", path, "--to",
                        "alice@example.com", "--from", "bob@vendor.example",
                        "--json")
    assert refused.code == 2 and refused.stdout == ""


ALL = [pytest.param(vector, id=f"{path.stem}: {vector.title}: {vector.name}")
       for path in sorted((Path(__file__).parent / "vectors").glob("*.vec"))
       for vector in read_vectors(path)]


@pytest.mark.parametrize("vector", ALL)
def test_vector(vector, tmp_path):
    path = tmp_path / "alice.conf"
    path.write_bytes(vector.preferences.encode())
    if vector.answer[0].startswith("error"):
        check_errors(vector, path)
        return
    options = ["--to", "alice@example.com", *vector.options]
    if "--from" not in options:
        options += ["--from", "bob@vendor.example"]
    done = run_usher("explain", "--preferences", path, *options, "--json")
    assert done.code in (0, 1), done.stderr
    check_answer(vector, done)
