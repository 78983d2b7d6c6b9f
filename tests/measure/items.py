"""evidence.conf as the fitting reads and writes it.

Only numbers are touched: `weight`, `also` and `least`. All else of the file,
comments and layout too, stays as a person wrote it.
"""

import re
from dataclasses import dataclass, field

ITEM = re.compile(r'\{ name = "((?:[^"\\]|\\.)*)"(.*?)\}(?=[,\s]*(?:\n|\Z))',
                  re.S)
WEIGHT = re.compile(r"\bweight = (-?[0-9.]+);")
ALSO = re.compile(r"[ \t]*\balso = \{([^}]*)\};\n?")
NUMBER = re.compile(r"(\w+) = (-?[0-9.]+);")
OUTCOME = re.compile(r'(purpose = "(\w+)";\s*least = )(-?[0-9.]+)'
                     r'(;\s*groups = )(\d+)(?!; calls)')


@dataclass
class Item:
    name: str
    purpose: str
    group: str
    where: str
    weight: float
    also: dict = field(default_factory=dict)
    fixed: bool = False
    times: int = 1

    def weights(self):
        return {**self.also, self.purpose: self.weight}


def _body(text, key):
    found = re.search(r"\b%s = (\[[^\]]*\]|\"[^\"]*\");" % key, text)
    return found.group(1) if found else ""


class Evidence:
    def __init__(self, text):
        self.text = text
        self.items = {}
        for found in ITEM.finditer(self._items()):
            name, body = found.groups()
            weight = float(WEIGHT.search(body).group(1))
            also = {p: float(n) for block in ALSO.findall(body)
                    for p, n in NUMBER.findall(block)}
            found_times = re.search(r"\btimes = (\d+);", body)
            item = Item(name, _body(body, "for").strip('"'),
                        _body(body, "group").strip('"') or "all",
                        _body(body, "where"), weight, also,
                        '"call"' in _body(body, "where"),
                        int(found_times[1]) if found_times else 1)
            for purpose in re.findall(r'"(\w+)"', _body(body, "against")):
                item.also[purpose] = item.also.get(purpose, 0) - weight
            if name in self.items:
                raise ValueError(f"two items are named {name!r}")
            self.items[name] = item
        self.outcomes = [(found[2], float(found[3]), int(found[5]))
                         for found in OUTCOME.finditer(self.text)]

    def _items(self):
        return self.text.split("\noutcomes", 1)[0]

    def counting(self):
        """The same items, each weighing 1: what is told is how often."""
        text = ALSO.sub("", self.text)
        text = re.sub(r"\s*\bagainst = (?:\[[^\]]*\]|\"[^\"]*\");", "", text)
        return WEIGHT.sub("weight = 1;", text)

    def written(self, weights, least):
        """The file with fitted weights ({name: {purpose: number}}) in it."""
        def item(found):
            name, body = found.groups()
            if name not in weights:
                return found.group(0)
            own = dict(weights[name])
            purpose = self.items[name].purpose
            body = ALSO.sub("", body)
            body = WEIGHT.sub("weight = %s;" % number(own.pop(purpose)), body)
            told = " ".join(f"{p} = {number(w)};"
                            for p, w in sorted(own.items()) if round(w, 2))
            if told:
                at = WEIGHT.search(body).start()
                line = body.rfind("\n", 0, at) + 1
                body = body[:line] + "    also = { %s };\n" % told + body[line:]
            return '{ name = "%s"%s}' % (name, body)

        head, tail = self.text.split("\noutcomes", 1)
        tail = OUTCOME.sub(lambda found: found[1] + number(
            least.get(found[2], float(found[3]))) + found[4] + found[5], tail)
        return ITEM.sub(item, head) + "\noutcomes" + tail


def number(value):
    text = f"{value:.2f}"
    return text[:-1] if text.endswith("0") else text
