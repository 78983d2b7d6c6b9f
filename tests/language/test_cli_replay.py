"""usher replay: mboxes, Maildirs, folders and files."""

import json
import random

import pytest

from cli_samples import KEYS, PITCH, REPORT, alice, explain  # noqa: F401


def mbox(*mails):
    return "\n".join(f"From x@example.com Tue Nov 24 15:00:00 2026\n{mail}"
                     for mail in mails)


@pytest.fixture
def replay(usher, alice):
    def run(*words):
        return usher("replay", "--preferences", alice, "--to",
                     "alice@example.com", *words)
    return run


def test_replay_of_an_mbox_decides_each_mail_at_its_time(replay, tmp_path):
    box = tmp_path / "box"
    box.write_text(mbox(PITCH, REPORT, PITCH.replace("zyx", "hello")))
    said = replay("--json", box)
    assert said.code == 0
    one, two, three = said.lines()
    assert list(one) == ["file"] + KEYS
    assert [m["file"] for m in said.lines()] == [
        f"{box}#1", f"{box}#2", f"{box}#3"]
    assert one["rule"] == "deliveries"
    assert one["at"] == "2026-11-24T12:00:00-05:00"	# Received, not Date
    assert one["from"] == "bob@seller.example"
    assert one["recipient"] == "alice@example.com"
    assert two["rule"] == "safety"
    assert two["at"] == "2026-11-24T13:30:00-05:00"
    assert three["rule"] != "deliveries"
    fixed = replay("--json", "--at", "2026-11-23T10:00", box).lines()
    assert {m["at"] for m in fixed} == {"2026-11-23T10:00:00-05:00"}


def test_replay_is_what_explain_says(replay, explain, tmp_path):
    path = tmp_path / "one.eml"
    path.write_text(PITCH)
    (replayed,) = replay("--json", path).lines()
    assert replayed.pop("file") == str(path)
    assert replayed == explain("--json", "--at", "2026-11-24T12:00",
                               input=PITCH).json()


def test_replay_unescapes_from_lines_and_sees_no_false_ones(replay,
                                                            tmp_path):
    box = tmp_path / "box"
    hello = PITCH.replace("zyx", "hello")
    quoted = hello + "\n>From zyx: a line that was escaped\n"
    false = hello + ("\nFrom now on nothing separates.\n"
                     "From zyx Tue Nov 24 15:00:00 2026\n")
    wanted = ["deliveries", "deliveries", "safety"]  # by topics in their text
    box.write_text(mbox(quoted, false, REPORT))
    assert [m["rule"] for m in replay("--json", box).lines()] == wanted
    crlf = tmp_path / "crlf"
    crlf.write_bytes(box.read_bytes().replace(b"\n", b"\r\n"))
    assert [m["rule"] for m in replay("--json", crlf).lines()] == wanted


def test_replay_reads_maildirs_and_folders_in_order(replay, tmp_path):
    maildir, folder = tmp_path / "Maildir", tmp_path / "mails"
    for part in ["cur", "new", "tmp"]:
        (maildir / part).mkdir(parents=True)
    (maildir / "cur/2:2,S").write_text(PITCH)
    (maildir / "cur/1:2,").write_text(REPORT)
    (maildir / "cur/.hidden").write_text(PITCH)
    (maildir / "new/0").write_text(REPORT)
    (maildir / "tmp/9").write_text(PITCH)
    folder.mkdir()
    (folder / "b.eml").write_text("From x Tue Nov 24 15:00:00 2026\n" + PITCH)
    (folder / "a.eml").write_text(REPORT)
    (folder / "notes.txt").write_text("no mail")
    said = replay("--json", maildir, folder)
    assert said.code == 0
    assert [(m["file"], m["rule"]) for m in said.lines()] == [
        (f"{maildir}/cur/1:2,", "safety"),
        (f"{maildir}/cur/2:2,S", "deliveries"),
        (f"{maildir}/new/0", "safety"),
        (f"{folder}/a.eml", "safety"), (f"{folder}/b.eml", "deliveries")]


def test_replay_prints_a_table_with_a_sum(replay, tmp_path):
    box = tmp_path / "box"
    box.write_text(mbox(PITCH.replace("Bob <bob@", "Bob <\x1b[1mbob@"),
                        REPORT, REPORT))
    said = replay(box)
    assert said.code == 0
    head, one, *_, total = said.stdout.splitlines()
    assert head.split() == ["file", "date", "from", "purpose", "verdict",
                            "rule"]
    assert "2026-11-24 12:00" in one and one.endswith("deliveries")
    assert "refuse" in one and one.index("refuse") == head.index("verdict")
    assert total == "3 mails: 2 accept, 0 defer, 0 redirect, 1 refuse"
    assert "\x1b" not in said.stdout


def test_replay_tells_what_it_cannot_read_and_goes_on(replay, tmp_path):
    good, none = tmp_path / "good.eml", tmp_path / "none"
    good.write_text(REPORT)
    bare = tmp_path / "bare"
    bare.mkdir()
    said = replay("--json", none, bare, good)
    assert said.code == 2
    assert f"{none}: No such file" in said.stderr
    assert f"{bare}: neither a Maildir" in said.stderr
    assert [m["rule"] for m in said.lines()] == ["safety"]
    empty = tmp_path / "empty"
    empty.touch()
    said = replay(empty)
    assert said.code == 0 and said.stdout.splitlines()[-1].startswith("0 mails")


def test_replay_bears_bytes_that_are_no_text(replay, tmp_path):
    path = tmp_path / "noise.eml"
    path.write_bytes(b"From: \xff\xfe\x00<a@b.example>\nSubject: \x80\n\n"
                     + bytes(range(256)) * 40)
    said = replay("--json", path)
    assert said.code == 0
    json.dumps(said.lines())


def test_replay_bears_torn_mailboxes(replay, tmp_path):
    chance = random.Random(822)
    parts = [b"From ", b">From ", b">>From ", b"\n", b"\r\n", b"\0", b":",
             b"From a Tue Nov 24 15:00:00 2026", b"From 00:00 2026\n", b"\xff",
             b"Return-Path: <", b"Return-Path:\n", b">", b"Subject: zyx\n",
             b"From 12:34", b" 2026\n\n", b"\n ", b"x" * 3000, PITCH.encode()]
    boxes = []
    for number in range(60):
        boxes.append(tmp_path / f"box{number}")
        boxes[-1].write_bytes(b"From a Tue Nov 24 15:00:00 2026\n" + b"".join(
            chance.choice(parts) for _ in range(chance.randrange(60))))
    said = replay("--json", *boxes)
    assert said.code == 0 and said.stderr == ""
    first = {m["file"] for m in said.lines() if m["file"].endswith("#1")}
    assert first == {f"{box}#1" for box in boxes}
