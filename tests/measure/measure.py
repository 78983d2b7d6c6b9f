#!/usr/bin/python3
"""measure.py [--mails FOLDER]: how well conf/evidence.conf recognises mail.

Three figures of the labelled mails: as the file stands, and cross-validated,
which is what to expect of mails that nobody has seen: weights and bounds are
fitted to five sixths, and the rest is judged, so that no sender and no text
stands on both sides; in several ways, as partitions differ. Beside them mails
of our own: those in taught/ help to fit, those in mails/ never do. Nothing is
changed; fit.py --write does that.
"""

import argparse
from collections import Counter, defaultdict

import corpus
import fit
import judge
import weigh
from items import Evidence

OUTCOMES = ("sales", "bulk", "list", "transactional", "personal", "unknown")
TAKEN = ("sales", "bulk")
MOST = 25


def confusion(rows, answer, by):
    counts = defaultdict(Counter)
    for row in rows:
        counts[row[by]][row[answer]] += 1
    print(f"  {by:15}" + "".join(f"{word:>14}" for word in OUTCOMES))
    for name in sorted(counts):
        print(f"  {name:15}" + "".join(
            f"{counts[name][word] or '.':>14}" for word in OUTCOMES))


def precision(rows, answer):
    """Of the mails taken for sales or bulk, how many are; fraud is neither."""
    for purpose, labels in (("sales", {"cold"}),
                            ("bulk or sales", judge.WANTED)):
        taken = [row for row in rows if row["label"] != "fraud"
                 and row[answer] in purpose.split(" or ")]
        right = sum(row["label"] in labels for row in taken)
        print(f"  precision of {purpose:33} {right:4} of {len(taken):4}  "
              f"{100 * right / max(len(taken), 1):5.1f} of 100")


KINDS = (
    ("cold", {"cold"}, lambda said: said == "sales"),
    ("bulk", {"newsletter", "uce_bulk"}, lambda said: said in TAKEN),
    ("spared", judge.SPARED, lambda said: said not in TAKEN),
)


def by_language(rows, answer):
    print("  right by language:")
    for language in sorted({row["lang"] for row in rows}):
        told = []
        for name, labels, is_right in KINDS:
            mails = [row for row in rows
                     if row["lang"] == language and row["label"] in labels]
            right = sum(is_right(row[answer]) for row in mails)
            if mails:
                told.append(f"{name} {right} of {len(mails)}")
        print(f"    {language:4} {', '.join(told)}")


def earned(rows, evidence):
    """How much each item moved mails to where they belong."""
    sums = Counter()
    spoke = Counter()
    for row in rows:
        for name, times in row["hits"].items():
            weights = evidence.items[name].weights()
            if row["label"] == "cold":
                move = weights.get("sales", 0)
            elif row["label"] in judge.WANTED:
                move = max(weights.get("bulk", 0), weights.get("sales", 0))
            elif row["label"] in judge.SPARED:
                move = -max(weights.get("bulk", 0), weights.get("sales", 0))
            else:
                continue
            sums[name] += move * times
            spoke[name] += 1
    print("items that earned most (weight given rightly, in how many mails):")
    for name, worth in sums.most_common(MOST):
        print(f"  {worth:8.1f}  {spoke[name]:4}  {name}")


def told_by_file(rows, evidence):
    told = weigh.replay(evidence.text, [row["path"] for row in rows])
    for row in rows:
        row["outcome"] = told[row["path"]][0]


def own_mails(evidence):
    rows = corpus.invented("mails")
    told_by_file(rows, evidence)
    fit.show(rows, "outcome", f"{len(rows)} mails of our own (invented; the "
             "weights were not fitted to them)")
    by_language(rows, "outcome")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mails", default=fit.default_folder())
    asked = parser.parse_args()
    evidence = Evidence(fit.CONF.read_text(encoding="utf-8"))
    print(f"{len(evidence.items)} items of evidence")
    own_mails(evidence)
    every = fit.mails(asked.mails)
    rows = fit.given(every)
    fit.take_hits(every, evidence)
    told_by_file(rows, evidence)
    fit.show(rows, "outcome", f"{len(rows)} labelled mails, as the file "
             "stands (it was fitted to them)")
    precision(rows, "outcome")
    confusion(rows, "outcome", "label")
    _, told = fit.crossed(every, evidence)
    fit.show_crossed(fit.given(told), "cross-validated in "
                     f"{fit.PARTITIONS} ways: what to expect of others")
    precision(fit.given(told), "crossed")
    by_language(fit.given(told), "crossed")
    fit.show_crossed(fit.taught(told), "the same of our own in taught/")
    earned(rows, evidence)


if __name__ == "__main__":
    main()
