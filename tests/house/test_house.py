"""The house itself: what make offers, what is installed, what CI runs."""

import re
import subprocess

import pytest

import support

ROOT = support.ROOT

PROGRAM = r"""
#include <stdio.h>
#include <string.h>
#include <usher.h>

int
main(void)
{
	struct usher_problems *problems = usher_problems_new();

	printf("%s %zu\n", USHER_VERSION, usher_problems_count(problems));
	usher_problems_free(problems);
	return 0;
}
"""


def run(*command, **more):
    done = subprocess.run(command, cwd=more.pop("cwd", ROOT), text=True,
                          capture_output=True, **more)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def make(*words):
    return run("make", "--no-print-directory", *words)


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    destination = tmp_path_factory.mktemp("installed")
    make("install", f"DESTDIR={destination}", "PREFIX=/usr")
    return destination


def version():
    header = (ROOT / "policy/usher.h").read_text()
    return re.search(r'#define USHER_VERSION "(.*)"', header).group(1)


def test_help_names_every_target_for_people():
    told = set(re.findall(r"^  make ([a-z-]+)", make("help"), re.M))
    assert told >= {
        "all", "check", "demo", "bench", "fuzz", "compliance", "lint",
        "format", "install", "fresh", "deps", "clean", "help"}


def test_install_puts_every_file_in_its_place(installed):
    for name in ["usr/bin/usher", "usr/sbin/usher-milter",
                 "usr/sbin/usher-sip", f"usr/lib/libusher.so.{version()}",
                 "usr/lib/libusher.so.0", "usr/lib/libusher.so",
                 "usr/lib/pkgconfig/usher.pc", "usr/include/usher.h",
                 "usr/include/usher_sip.h", "usr/include/usher_memory.h",
                 "usr/include/usher_status.h",
                 "usr/share/usher/evidence.conf", "etc/usher/usher.conf"]:
        assert (installed / name).is_file(), name


def test_install_brings_every_manual_page(installed):
    for page in ["usher.1", "usher.conf.5", "usher-preferences.5",
                 "usher-milter.8", "usher-sip.8"]:
        section = page.rpartition(".")[2]
        assert (installed / f"usr/share/man/man{section}/{page}").is_file()


def test_install_keeps_the_administrators_configuration(tmp_path):
    mine = tmp_path / "etc/usher/usher.conf"
    mine.parent.mkdir(parents=True)
    mine.write_text("# mine\n")
    make("install", f"DESTDIR={tmp_path}")
    assert mine.read_text() == "# mine\n"
    assert (tmp_path / "usr/local/bin/usher").is_file()


def test_installed_programs_run(installed):
    for name in ["bin/usher", "sbin/usher-milter", "sbin/usher-sip"]:
        assert "usher" in run(str(installed / "usr" / name), "--help")


def test_a_program_builds_against_what_is_installed(installed, tmp_path):
    (tmp_path / "program.c").write_text(PROGRAM)
    env = {"PATH": "/usr/bin:/bin",
           "PKG_CONFIG_SYSROOT_DIR": str(installed),
           "PKG_CONFIG_PATH": str(installed / "usr/lib/pkgconfig"),
           "PKG_CONFIG_ALLOW_SYSTEM_CFLAGS": "1",
           "PKG_CONFIG_ALLOW_SYSTEM_LIBS": "1",
           "LD_LIBRARY_PATH": str(installed / "usr/lib")}
    flags = run("pkg-config", "--cflags", "--libs", "usher", env=env).split()
    assert run("pkg-config", "--modversion", "usher", env=env).strip() \
        == version()
    run("cc", "-Wall", "-Werror", "-o", "program", "program.c", *flags,
        cwd=tmp_path, env=env)
    assert run("./program", cwd=tmp_path, env=env) == f"{version()} 0\n"


def test_library_has_its_soname_and_exports_nothing_else():
    library = support.BUILD / "libusher.so"
    assert "soname: [libusher.so.0]" in run("readelf", "-d", library)
    names = [line.split()[-1] for line in
             run("nm", "-D", "--defined-only", library).splitlines()]
    public = set(re.findall(r"\busher_[a-z_0-9]+(?=\()", "".join(
        header.read_text() for header in ROOT.glob("policy/usher*.h")
        if header.name != "usher_handle.h")))
    assert names and set(names) <= public


def test_public_header_stands_alone_in_c_and_cxx(tmp_path):
    for language in ["c", "c++"]:
        run("cc", "-x", language, "-Wall", "-Wextra", "-Werror",
            "-fsyntax-only", ROOT / "policy/usher.h", cwd=tmp_path)


def test_every_document_names_the_command_that_ci_runs():
    commands = re.findall(r"^make .*?(?= &&|$)",
                          (ROOT / ".ci/run").read_text(), re.M)
    assert commands == ["make check"]
    readme = (ROOT / "README.md").read_text()
    assert re.search(r"^\s*make check$", readme, re.M)


def test_installer_is_silent_and_quick_when_all_is_there():
    for group in ["build", "demo", "test"]:
        assert run("packaging/install-deps", group, timeout=20) == ""


def test_embedded_files_are_the_files(tmp_path):
    (tmp_path / "words").mkdir()
    content = {"a.conf": bytes(range(256)) * 3, "words/b.conf": b""}
    for name, data in content.items():
        (tmp_path / name).write_bytes(data)
    table = run(ROOT / "packaging/embed", tmp_path, *content)
    (tmp_path / "embed.c").write_text(table)
    (tmp_path / "main.c").write_text("""
#include <stdio.h>
#include "embed.h"
int main(void)
{
	for (const struct usher_embedded *f = usher_embedded_files; f->name;
	     f++) {
		printf("%s %zu %d\\n", f->name, f->length, f->data[f->length]);
		fwrite(f->data, 1, f->length, stdout);
	}
	return 0;
}
""")
    subprocess.run(["cc", "-iquote", ROOT / "policy", "-o", "main", "main.c",
                    "embed.c"], cwd=tmp_path, check=True)
    said = subprocess.run([tmp_path / "main"], capture_output=True).stdout
    assert said == b"".join(
        b"%s %d 0\n%s" % (name.encode(), len(data), data)
        for name, data in content.items())


@pytest.mark.parametrize("name, source, complaint", [
    ("policy/text.c", '#include "decide.h"', "upper floor"),
    ("policy/decide.c", '#include "text.h"', None),
    ("policy/store_redis.c", '#include "rule.h"', None),
    ("policy/rule.c", '#include "store.h"', "upper floor"),
    ("policy/novel.c", "", "no floor"),
    ("policy/cli.c", '#include "usher.h"', None),
    ("policy/cli.c", '#include "rule.h"', "sees only usher.h"),
    ("milter/main.c", '#include "usher.h"', None),
    ("milter/main.c", '#include "text.h"', "their own"),
    ("sip-proxy/main.c", '#include "../policy/arena.h"', "their own"),
])
def test_lint_sees_wrong_floors(tmp_path, name, source, complaint):
    for folder in ["policy", "milter", "sip-proxy"]:
        (tmp_path / folder).mkdir()
    (tmp_path / "policy/arena.h").touch()
    (tmp_path / name).write_text(source + "\n")
    done = subprocess.run([ROOT / "packaging/lint-floors"], cwd=tmp_path,
                          capture_output=True, text=True)
    if complaint is None:
        assert done.stdout == "" and done.returncode == 0
    else:
        assert complaint in done.stdout and done.returncode == 1
