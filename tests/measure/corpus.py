"""Labelled mails, and which of them must not be parted in a cross-validation.

The mails are nobody's to publish, so they are not here: a folder holds
mail.tsv (columns file, label, lang, source, mail_from at least) and below
mail/ the files it names. Beside them there are mails of our own: those in
taught/ help to fit, for no archive has the letters of a firm's day; those in
mails/ never do.
"""

import csv
import email
import email.policy
import random
import re
from collections import Counter, defaultdict
from pathlib import Path

HERE = Path(__file__).resolve().parent
SHINGLE, ALIKE, COMMON = 6, 8, 12
SHARED = {"gmail.com", "googlemail.com", "outlook.com", "hotmail.com",
          "yahoo.com", "live.com", "aol.com", "msn.com", "gmx.de", "gmx.net",
          "web.de", "163.com", "126.com", "qq.com", "mail.ru", ""}


def table(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def read(folder):
    """The rows of mail.tsv, each with its path and its group."""
    folder = Path(folder)
    rows = table(folder / "mail.tsv")
    for row in rows:
        row["path"], row["ours"] = str(folder / "mail" / row["file"]), False
    group(rows)
    return rows


def invented(name):
    """Mails of our own, in a folder beside this file: the same of them."""
    folder = HERE / name
    rows = table(folder / "labels.tsv")
    for row in rows:
        row["path"], row["ours"] = str(folder / row["file"]), True
        row["lang"], row["group"] = row["language"], row["file"]
    return rows


def _words(path):
    with open(path, "rb") as file:
        mail = email.message_from_binary_file(file)
    texts = []
    for part in mail.walk():
        if part.get_content_maintype() == "text":
            data = part.get_payload(decode=True) or b""
            texts.append(re.sub(rb"<[^>]*>", b" ", data))
    text = b" ".join(texts).decode("latin-1").lower()
    return re.findall(r"[^\W_]+", text)[:500], str(mail.get("From", ""))


class _Sets:
    def __init__(self, count):
        self.parent = list(range(count))

    def find(self, one):
        while self.parent[one] != one:
            self.parent[one] = one = self.parent[self.parent[one]]
        return one

    def join(self, one, other):
        self.parent[self.find(one)] = self.find(other)


def group(rows):
    """Mails of one sender's domain, or of nearly one text, are one group."""
    sets, texts, senders = _Sets(len(rows)), defaultdict(set), defaultdict(list)
    for at, row in enumerate(rows):
        words, sender = _words(row["path"])
        for i in range(len(words) - SHINGLE):
            texts[" ".join(words[i:i + SHINGLE])].add(at)
        for address in (row.get("mail_from", ""), sender):
            domain = address.rpartition("@")[2].strip("<> ").lower()
            if domain not in SHARED:
                senders[domain].append(at)
    alike = Counter()
    for mails in texts.values():
        if 1 < len(mails) <= COMMON:
            first, *others = sorted(mails)
            alike.update((first, other) for other in others)
    for (one, other), times in alike.items():
        if times >= ALIKE:
            sets.join(one, other)
    for mails in senders.values():
        # A list's own address sends mails of many hands.
        if len({rows[at]["label"] for at in mails}) == 1:
            for other in mails[1:]:
                sets.join(mails[0], other)
    for at, row in enumerate(rows):
        row["group"] = sets.find(at)


def folds(rows, count, seed):
    """Groups spread over the folds, the largest first, each label evenly."""
    members = defaultdict(list)
    for row in rows:
        members[row["group"]].append(row)
    sizes = [Counter() for _ in range(count)]
    order = sorted(members.values(), key=lambda m: m[0]["file"])
    random.Random(seed).shuffle(order)
    order.sort(key=len, reverse=True)
    for mails in order:
        labels = Counter(row["label"] for row in mails)
        best = min(range(count), key=lambda f: (
            sum(sizes[f][label] for label in labels), sum(sizes[f].values())))
        sizes[best].update(labels)
        for row in mails:
            row["fold"] = best
