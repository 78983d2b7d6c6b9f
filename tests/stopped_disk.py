"""A disk that stops: a folder below which nothing is written for a while.

Preloaded into what is started from then on (stopped_disk.c says how, and what
it cannot stop). A file stands for "stopped", so it ends for all at once.
"""

import os
import subprocess

import support


class Disk:
    def __init__(self, library, folder, switch, monkeypatch):
        self.switch = switch
        monkeypatch.setenv("LD_PRELOAD", str(library))
        monkeypatch.setenv("STOPPED_DISK", f"{folder}/")
        monkeypatch.setenv("STOPPED_DISK_WHILE", str(switch))
        # The sanitizer wants to be first; it comes right behind.
        monkeypatch.setenv("ASAN_OPTIONS", os.environ.get("ASAN_OPTIONS", "")
                           + ":verify_asan_link_order=0")

    def stop(self):
        self.switch.touch()

    def go_on(self):
        self.switch.unlink(missing_ok=True)


def build(folder):
    library = folder / "stopped_disk.so"
    subprocess.run(["cc", "-D_GNU_SOURCE", "-Wall", "-shared", "-fPIC", "-o",
                    library, support.ROOT / "tests" / "stopped_disk.c",
                    "-ldl"], check=True)
    return library
