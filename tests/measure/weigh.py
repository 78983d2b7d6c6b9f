"""What `usher replay` says of mails, and the rules by which weights decide."""

import json
import os
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
WHO = "alice@corp.example"
PREFERENCES = f"""addresses = [ "{WHO}" ];
rules = ( {{ name = "all"; then = "accept"; }} );
"""
BATCH = 200


def usher():
    return str(ROOT / os.environ.get("USHER_BUILD", "build") / "usher")


def replay(evidence, paths):
    """For each path (purpose, {item: weight}), by this evidence.conf."""
    told = {}
    with tempfile.TemporaryDirectory(prefix="usher-measure-") as folder:
        site = Path(folder)
        (site / "usher.conf").write_text(
            'site = { domains = [ "corp.example" ]; };\n')
        (site / "alice.conf").write_text(PREFERENCES)
        (site / "evidence.conf").write_text(evidence, encoding="utf-8")
        for start in range(0, len(paths), BATCH):
            run = subprocess.run(
                [usher(), "replay", "-c", str(site / "usher.conf"),
                 "--preferences", str(site / "alice.conf"), "--to", WHO,
                 "--json", *paths[start:start + BATCH]],
                capture_output=True, check=False)
            if run.returncode != 0:
                raise RuntimeError(run.stderr.decode("utf-8", "replace"))
            for line in run.stdout.splitlines():
                one = json.loads(line)
                told[one["file"]] = (one["purpose"], {
                    item["name"]: item["weight"] for item in one["evidence"]})
    return told


def sums(hits, items):
    """Sum and groups of witnesses for each purpose."""
    total, groups = {}, {}
    for name, times in hits.items():
        for purpose, weight in items[name].items():
            total[purpose] = total.get(purpose, 0) + weight * times
            if weight > 0:
                groups.setdefault(purpose, set()).add(name)
    return total, groups
