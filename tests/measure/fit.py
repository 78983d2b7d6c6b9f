#!/usr/bin/python3
"""fit.py [--mails FOLDER] [--write]: the weights of conf/evidence.conf.

Fits weights and bounds to labelled mails, and to the invented ones in taught/,
and says how well they do, on the mails they were fitted to and on mails they
were not (cross-validation: no sender and no text stands on both sides; in
several ways, for the luck of one partition is several of a hundred).
--write puts them into the file.
"""

import argparse
import sys
from pathlib import Path

import corpus
import judge
import weigh
from items import Evidence

CONF = weigh.ROOT / "conf" / "evidence.conf"
FOLDS = 6
PARTITIONS = 5


def mails(folder):
    if not (Path(folder) / "mail.tsv").exists():
        print(f"SKIPPED: no labelled mails in {folder} (--mails FOLDER)")
        sys.exit(0)
    return corpus.read(folder) + corpus.invented("taught")


def default_folder():
    return str(weigh.ROOT.parent / "shared" / "data")


def take_hits(rows, evidence):
    told = weigh.replay(evidence.counting(), [row["path"] for row in rows])
    for row in rows:
        row["hits"] = told[row["path"]][1]


def judged_by_others(rows, evidence, seed):
    """Every mail, scored by weights that others of its kind have given."""
    groups = {purpose: least for purpose, _, least in evidence.outcomes}
    corpus.folds(rows, FOLDS, seed)
    for fold in range(FOLDS):
        taught = judge.fit([r for r in rows if r["fold"] != fold],
                           evidence.items)
        for row in rows:
            if row["fold"] == fold:
                yield {**row, "seed": seed, "scores": judge.score(
                    row, taught, evidence.items, groups)}


def crossed(rows, evidence):
    """Bounds, and each mail as often as there are partitions, with outcomes."""
    told = [row for seed in range(PARTITIONS)
            for row in judged_by_others(rows, evidence, seed)]
    bounds = {q: judge.bound(told, q) for q in judge.QUESTIONS}
    for row in told:
        row["crossed"] = judge.outcome(row, bounds)
    return bounds, told


def given(rows):
    return [row for row in rows if not row["ours"]]


def taught(rows):
    return [row for row in rows if row["ours"]]


def show(rows, answer, title):
    _, shares = judge.figures(rows, answer)
    print(title)
    for what, (right, of) in shares.items():
        print(f"  {what:46} {right:4} of {of:4}  "
              f"{100 * right / max(of, 1):5.1f} of 100")


def show_crossed(rows, title):
    """The mean of the partitions, and the least and the most of them."""
    each = [judge.figures([row for row in rows if row["seed"] == seed],
                          "crossed")[1] for seed in range(PARTITIONS)]
    print(title)
    for what in each[0]:
        shares = [100 * right / max(of, 1)
                  for right, of in (one[what] for one in each)]
        print(f"  {what:46} {sum(shares) / len(shares):5.1f} of 100 "
              f"({min(shares):.1f} to {max(shares):.1f})")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mails", default=default_folder())
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--list", metavar="LABEL",
                        help="show what was judged wrongly")
    asked = parser.parse_args()
    evidence = Evidence(CONF.read_text(encoding="utf-8"))
    rows = mails(asked.mails)
    take_hits(rows, evidence)
    bounds, told = crossed(rows, evidence)
    show_crossed(given(told), "cross-validated")
    show_crossed(taught(told), "the same of our own in taught/")
    if asked.list:
        for row in told:
            if row["label"] == asked.list:
                print(row["file"], row["crossed"], {
                    q: round(s - bounds[q], 2)
                    for q, s in row["scores"].items()}, sorted(row["hits"]))
    fitted = judge.fit(rows, evidence.items)
    groups = {purpose: least for purpose, _, least in evidence.outcomes}
    for row in rows:
        row["scores"] = judge.score(row, fitted, evidence.items, groups)
        row["fitted"] = judge.outcome(row, bounds)
    show(given(rows), "fitted", "on the mails fitted to")
    if asked.write:
        weights = {name: item.weights()
                   for name, item in evidence.items.items() if not item.fixed}
        for question, one in fitted.items():
            for name in one.columns:
                weights[name][question] = one.weights[name]
        CONF.write_text(evidence.written(weights, {
            q: bounds[q] - one.bias for q, one in fitted.items()}),
            encoding="utf-8")


if __name__ == "__main__":
    main()
