"""Logistic regression with signs, drawn to what a person would guess.

Two questions are fitted: is it a sales mail, and is it mail to many? What an
item says is known from its purpose: one for sales never speaks against them,
counter-evidence never for them; only how much is asked of the mails. A weight
of which the mails say nothing keeps what is written.
"""

import math

SEEN = 2  # groups of mails an item must have spoken in
PULL = 0.5  # towards the guess; in units of a mail's weight
SWEEPS = 60

# What most mails of every kind show may tip a balance, no more.
SLIGHT = {"form": 0.3, "domain": 0.6, "greeting": 0.2}
# Signs of mail to many, which a pitch to one does not bear.
TO_MANY = {"list fields", "precedence", "pictures", "layout", "links", "news",
           "wording", "complaints", "lawful", "form"}
A_WORD = 0.9  # one phrase of several
A_WORD_AGAINST = 1.2
# A newsletter is long, of many subjects and voices: single phrases say less
# there, but those about something the recipient did or ordered.
A_WORD_TO_MANY = 0.6
A_WORD_AGAINST_MANY = {"list": 0.5, "personal": 0.5}
# What is known of today's mail, where most of the mails at hand are older.
KNOWN = {("unsubscribe field", "bulk"): 1.5,
         ("one-click unsubscribe", "bulk"): 1.5,
         ("HTML alone", "bulk"): 0.75,
         ("unsubscribe wording", "bulk"): 0.4}

# (guess, least, most) of a hit's weight, by the item's purpose.
BOUNDS = {
    "sales": {"sales": (0.5, 0.0, 3.0), "bulk": (0.15, 0.0, 0.6)},
    "bulk": {"sales": (0.0, -0.1, 0.5), "bulk": (0.5, 0.0, 3.0)},
    "list": {"sales": (-0.5, -3.0, 0.0), "bulk": (-0.3, -3.0, 0.0)},
    "transactional": {"sales": (-0.5, -3.0, 0.0), "bulk": (-0.5, -3.0, 0.0)},
    "personal": {"sales": (-0.5, -3.0, 0.0), "bulk": (-0.5, -3.0, 0.0)},
}


def sigmoid(x):
    if x < -30:
        return 0.0
    return 1 / (1 + math.exp(-x)) if x < 30 else 1.0


def bounds(item, question):
    guess, least, most = BOUNDS[item.purpose][question]
    if (item.purpose, question) == ("bulk", "sales") and item.group in TO_MANY:
        least = -1.0
    slight = SLIGHT.get(item.group, most)
    if item.times > 1:
        slight, least = min(slight, A_WORD), max(least, -A_WORD_AGAINST)
        if question == "bulk":
            slight = min(slight, A_WORD_TO_MANY)
            least = max(least, -A_WORD_AGAINST_MANY.get(item.purpose, 9.0))
    least = KNOWN.get((item.name, question), least)
    return max(least, min(guess, slight)), least, min(most, slight)


class Fit:
    """Coordinate descent: each step is a bounded Newton step of one weight."""

    def __init__(self, rows, question, items):
        self.weights = {name: item.weights().get(question, 0.0)
                        for name, item in items.items()}
        self.rows = rows
        columns, groups = {}, {}
        for at, (hits, _, _, group) in enumerate(rows):
            for name, times in hits.items():
                if name in items and not items[name].fixed:
                    columns.setdefault(name, []).append((at, times))
                    groups.setdefault(name, set()).add(group)
        self.columns = {n: c for n, c in columns.items()
                        if len(groups[n]) >= SEEN}
        self.bounds = {n: bounds(items[n], question) for n in self.columns}
        self.bias = -3.0
        for name in self.columns:
            self.weights[name] = self.bounds[name][0]
        self.margins = [self.margin(hits) for hits, _, _, _ in rows]
        for _ in range(SWEEPS):
            if self.sweep() < 0.002:
                break

    def margin(self, hits):
        return self.bias + sum(self.weights.get(name, 0.0) * times
                               for name, times in hits.items())

    def slope(self, column):
        slope = curve = 0.0
        for at, times in column:
            _, truth, importance, _ = self.rows[at]
            chance = sigmoid(self.margins[at])
            slope += importance * (chance - truth) * times
            curve += importance * chance * (1 - chance) * times * times
        return slope, curve

    def move(self, column, step):
        for at, times in column:
            self.margins[at] += step * times

    def sweep(self):
        moved = 0.0
        everybody = [(at, 1) for at in range(len(self.rows))]
        slope, curve = self.slope(everybody)
        step = max(-1.0, min(1.0, -slope / (curve + 1e-3)))
        self.bias += step
        self.move(everybody, step)
        for name, column in self.columns.items():
            guess, least, most = self.bounds[name]
            weight = self.weights[name]
            slope, curve = self.slope(column)
            step = -(slope + PULL * (weight - guess)) / (curve + PULL)
            fresh = max(least, min(most, weight + max(-1.0, min(1.0, step))))
            if abs(fresh - weight) > 1e-5:
                self.move(column, fresh - weight)
                self.weights[name] = fresh
                moved = max(moved, abs(fresh - weight))
        return moved
