"""Fuzzed datagrams and streams at the whole proxy: it lives, and leaks nothing.

Few in `make check`; `make fuzz-sip` sends 200,000 at a sanitized build, whose
end tells of every byte it lost or read too far. USHER_FUZZ is their number;
what was sent follows from the seed that is printed, USHER_FUZZ_SEED.
"""

import os
import random
import re

import pytest

from storm import Storm

COUNT = int(os.environ.get("USHER_FUZZ", "3000"))
SEED = os.environ.get("USHER_FUZZ_SEED") or str(random.SystemRandom()
                                                .randrange(10 ** 9))
BATCH = 50


@pytest.mark.timeout(60 + COUNT // 20)
@pytest.mark.parametrize("place", ["pbx", "phones"])
def test_it_lives_through_a_storm(tmp_path, place, monkeypatch):
    print(f"USHER_FUZZ_SEED={SEED}")
    storm = Storm(tmp_path / "site", place, random.Random(SEED + place))
    monkeypatch.setenv("USHER_DNS", storm.dns.address)
    again = COUNT // 4
    try:
        storm.start()
        while storm.sent < COUNT // 2:
            if storm.sent > again:
                storm.restart()
                again = COUNT
            storm.datagrams(BATCH)
            for actor in [storm.pbx, *storm.callers]:
                storm.drain(actor)
            storm.stream(BATCH // 4)
            storm.lives()
        storm.went_deep()
        left = [line for line in storm.site.lines
                if re.search("ERROR|runtime error", line)]
        assert not left
    finally:
        storm.close()
