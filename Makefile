# Usher: build, tests and installation.  `make help` lists the targets.
#
# BUILD names the folder that is built into, and its last part the kind of
# build: clang, asan and tsan are special, anything else is a release build by
# $(CC).  All kinds can stand beside each other.

BUILD ?= build
PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
BINDIR = $(PREFIX)/bin
SBINDIR = $(PREFIX)/sbin
CONFDIR = $(SYSCONFDIR)/usher
LIBDIR = $(PREFIX)/lib
INCLUDEDIR = $(PREFIX)/include
MANDIR = $(PREFIX)/share/man
DATADIR = $(PREFIX)/share/usher

VERSION := $(shell sed -n 's/^\#define USHER_VERSION "\(.*\)"/\1/p' \
	policy/usher.h)
SONAME = libusher.so.0
SHARED = libusher.so.$(VERSION)

.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules
.DEFAULT_GOAL := all

# Flags.  CFLAGS, CPPFLAGS and LDFLAGS are the builder's and come last; with
# WERROR= a warning of a compiler not yet met stops nobody.

KIND := $(notdir $(BUILD))
DEPS = deps-build
WERROR ?= -Werror
WARNINGS = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wconversion $(WERROR)
HARDEN = -O2 -fstack-protector-strong -D_FORTIFY_SOURCE=2
# Reports name functions and lines; more would cost the check its time.
SANITIZE = -O1 -g1 -fno-omit-frame-pointer

ifeq ($(KIND),clang)
override CC = clang
DEPS = deps-test
MODE = $(HARDEN)
else ifeq ($(KIND),asan)
# One build for tests and fuzzers: all that clang has to say comes with it.
override CC = clang
DEPS = deps-test
MODE = $(SANITIZE) -fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=undefined
else ifeq ($(KIND),tsan)
override CC = clang
DEPS = deps-test
MODE = $(SANITIZE) -fsanitize=thread
else
ifeq ($(origin CC),default)
CC = gcc
endif
MODE = $(HARDEN)
endif

# pkg-config runs when the first recipe needs it: by then it is installed.
packages = $(shell pkg-config $(1) || echo PKG-CONFIG-FAILED)
once = $(eval $(1) := $(2))$($(1))

LIB_PKGS = libconfig libmaxminddb gmime-3.0 glib-2.0 libpsl lmdb hiredis jansson
SIP_PKGS = libosip2 libevent libevent_openssl libcares openssl
ALL_PKGS = $(LIB_PKGS) $(SIP_PKGS) libsystemd

PKG_CFLAGS = $(call once,PKG_CFLAGS,$(patsubst -I%,-isystem%,\
	$(call packages,--cflags $(ALL_PKGS))))
LIB_LIBS = $(call once,LIB_LIBS,$(call packages,--libs $(LIB_PKGS)))
ALL_LIBS = $(call once,ALL_LIBS,$(call packages,--libs $(ALL_PKGS)))
TEST_LIBS = $(call once,TEST_LIBS,$(call packages,--libs cmocka))

COMPILE = $(CC) -std=gnu17 -D_GNU_SOURCE -iquote policy \
	$(WARNINGS) -g -fvisibility=hidden $(MODE)
LINK = $(CC) $(MODE) -Wl,--as-needed,-z,relro,-z,now
COMPILE_ALL = $(COMPILE) $(PIC) $(INCLUDE) $(PKG_CFLAGS) $(CPPFLAGS) $(CFLAGS)

# A step shows as one word and its target; V=1 shows the command itself.
run = $(if $(V),,@printf '  %-8s%s\n' '$(1)' '$@'; )$(2)
program = $(call run,link,$(LINK) -pie $(2) $(LDFLAGS) -o $@ $(1) \
	$(BUILD)/libusher.a $(3) -lmilter $(ALL_LIBS))
, := ,

# Sources.  policy/cli*.c are the command line, the rest of policy/ the
# library; other files of tests/unit/ than test_*.c help all unit tests.

sources = $(sort $(wildcard $(1)))
objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))

CLI_SRC := $(call sources,policy/cli*.c)
LIB_SRC := $(filter-out $(CLI_SRC),$(call sources,policy/*.c))
MILTER_SRC := $(call sources,milter/*.c)
SIP_SRC := $(call sources,sip-proxy/*.c)
UNIT_SRC := $(call sources,tests/unit/test_*.c)
UNIT_HELP := $(filter-out $(UNIT_SRC),$(call sources,tests/unit/*.c))
BENCH_SRC := $(call sources,tests/bench/*.c)
FUZZ_SRC := $(call sources,tests/fuzz/fuzz_*.c)
EMBEDDED := $(sort $(wildcard conf/evidence.conf conf/words/*.conf))

LIB_OBJ := $(call objects,$(LIB_SRC)) $(BUILD)/obj/embed.o
CLI_OBJ := $(call objects,$(CLI_SRC))
MILTER_OBJ := $(call objects,$(MILTER_SRC))
SIP_OBJ := $(call objects,$(SIP_SRC))
MILTER_PARTS := $(filter-out %/main.o,$(MILTER_OBJ))
SIP_PARTS := $(filter-out %/main.o,$(SIP_OBJ))
UNIT_HELP_OBJ := $(call objects,$(UNIT_HELP))
UNITS := $(UNIT_SRC:tests/unit/%.c=$(BUILD)/unit/%)
BENCHES := $(BENCH_SRC:tests/bench/%.c=$(BUILD)/bench/%)
FUZZERS := $(FUZZ_SRC:tests/fuzz/%.c=$(BUILD)/fuzzers/%)
PROGRAMS := $(addprefix $(BUILD)/,usher usher-milter usher-sip)
LIBRARIES := $(addprefix $(BUILD)/,libusher.a libusher.so)

##@ Building

.PHONY: all
all: $(PROGRAMS) $(LIBRARIES)	## build everything into build/ (the default)

.PHONY: units
units: $(UNITS)			## build the unit tests into build/unit/
units: $(BUILD)/bench/sip_load

# Objects outlive their program: the next link needs them.
.SECONDARY:

# The library's objects serve the shared and the static form.
$(call objects,$(LIB_SRC)) $(BUILD)/obj/embed.o: private PIC = -fPIC
PIC = -fPIE
$(BUILD)/obj/tests/%.o: private INCLUDE = -iquote milter -iquote sip-proxy

$(BUILD)/obj/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call run,compile,$(COMPILE_ALL) -MMD -MP -c -o $@ $<)

$(BUILD)/obj/embed.o: $(BUILD)/embed.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call run,compile,$(COMPILE_ALL) -MMD -MP -c -o $@ $<)

$(BUILD)/embed.c: packaging/embed $(EMBEDDED) $(BUILD)/list
	$(call run,embed,packaging/embed conf $(EMBEDDED:conf/%=%) >$@)

$(BUILD)/libusher.a: $(LIB_OBJ) $(BUILD)/list
	@rm -f $@
	$(call run,archive,$(AR) rcs $@ $(LIB_OBJ))

$(BUILD)/$(SHARED): $(LIB_OBJ) $(BUILD)/list
	$(call run,link,$(LINK) -shared -Wl$(,)-soname$(,)$(SONAME) \
		-Wl$(,)--version-script=packaging/libusher.map $(LDFLAGS) \
		-o $@ $(LIB_OBJ) $(LIB_LIBS))

$(BUILD)/libusher.so: $(BUILD)/$(SHARED)
	@ln -sf $(SHARED) $(BUILD)/$(SONAME)
	@ln -sf $(SONAME) $@

# The programs carry the library, so they run from the tree and install alone.
$(BUILD)/usher: $(CLI_OBJ) $(BUILD)/libusher.a
	$(call program,$(CLI_OBJ),,-lcsv)

$(BUILD)/usher-milter: $(MILTER_OBJ) $(BUILD)/libusher.a
	$(call program,$(MILTER_OBJ))

$(BUILD)/usher-sip: $(SIP_OBJ) $(BUILD)/libusher.a
	$(call program,$(SIP_OBJ))

# Tests and fuzzers of a daemon's parts are named after the daemon.
OF_MILTER := $(filter $(BUILD)/unit/test_milter_% \
	$(BUILD)/fuzzers/fuzz_milter_%,$(UNITS) $(FUZZERS))
OF_SIP := $(filter $(BUILD)/unit/test_sip_% \
	$(BUILD)/fuzzers/fuzz_sip_% $(BUILD)/bench/bench_sip_%,\
	$(UNITS) $(FUZZERS) $(BENCHES))
$(OF_MILTER): private PARTS = $(MILTER_PARTS)
$(OF_MILTER): $(MILTER_PARTS)
$(OF_SIP): private PARTS = $(SIP_PARTS)
$(OF_SIP): $(SIP_PARTS)

$(BUILD)/unit/%: $(BUILD)/obj/tests/unit/%.o $(UNIT_HELP_OBJ) \
		$(BUILD)/libusher.a
	@mkdir -p $(@D)
	$(call program,$< $(UNIT_HELP_OBJ) $(PARTS),,$(TEST_LIBS))

$(BUILD)/bench/%: $(BUILD)/obj/tests/bench/%.o $(BUILD)/libusher.a
	@mkdir -p $(@D)
	$(call program,$< $(PARTS))

$(BUILD)/fuzzers/%: $(BUILD)/obj/tests/fuzz/%.o $(BUILD)/libusher.a
	@mkdir -p $(@D)
	$(call program,$< $(PARTS),-fsanitize=fuzzer)

# Two notes whose time changes with their content: other flags build all anew,
# a file gone or come links anew.
FLAGS_NOW = $(COMPILE_ALL) $(LINK) $(LDFLAGS) $(ALL_LIBS)
LIST_NOW = $(LIB_SRC) $(EMBEDDED)
note = @mkdir -p $(@D); printf '%s\n' '$(subst ','\'',$(1))' >$@.$$$$; \
	if cmp -s $@.$$$$ $@; then rm $@.$$$$; else mv $@.$$$$ $@; fi

$(BUILD)/flags: FORCE | $(DEPS)
	$(if $(findstring PKG-CONFIG-FAILED,$(FLAGS_NOW)),$(error \
		pkg-config failed: see above))
	$(call note,$(FLAGS_NOW))

$(call objects,$(UNIT_SRC) $(UNIT_HELP)): | deps-test

$(BUILD)/list: FORCE
	$(call note,$(LIST_NOW))

.PHONY: FORCE
FORCE:

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)

##@ Trying

.PHONY: check
check: deps-test		## run every test, also under sanitizers
	+@MAKE='$(MAKE)' /usr/bin/python3 tests/run

.PHONY: demo
demo: all deps-demo		## real mails and calls, told as a story
	@USHER_BUILD=$(BUILD) /usr/bin/python3 tests/demo/demo.py

.PHONY: bench
bench: all $(BENCHES) deps-bench	## measure; ratios against peers
	@USHER_BUILD=$(BUILD) tests/bench/run

ENDURE_CALLS ?= 100000
ENDURE_BINDINGS ?= 2000
.PHONY: endure
endure: all units deps-test	## many calls: nothing may be left of them
	@USHER_BUILD=$(BUILD) USHER_ENDURE_CALLS=$(ENDURE_CALLS) \
		USHER_ENDURE_BINDINGS=$(ENDURE_BINDINGS) /usr/bin/python3 \
		-m pytest -c tests/pytest.ini -q -s tests/sip/test_endurance.py

# Labelled mails are nobody's to publish: MAILS names the folder they lie in.
MAILS ?= ../shared/data
.PHONY: measure
measure: all deps-demo		## how well it recognises labelled mails
	@USHER_BUILD=$(BUILD) /usr/bin/python3 tests/measure/measure.py \
		--mails $(MAILS)

FUZZ_SECONDS ?= 60
.PHONY: fuzz fuzzers
fuzz: deps-test			## fuzz every parser, FUZZ_SECONDS (60) in all
	+@$(MAKE) --no-print-directory BUILD=$(BUILD)/asan fuzzers
	@packaging/fuzz $(FUZZ_SECONDS) $(BUILD)/asan/fuzzers
fuzzers: $(FUZZERS)

FUZZ_MESSAGES ?= 200000
.PHONY: fuzz-sip
fuzz-sip: deps-test		## FUZZ_MESSAGES (200,000) at the SIP proxy
	+@$(MAKE) --no-print-directory BUILD=$(BUILD)/asan all
	@USHER_BUILD=$(BUILD)/asan USHER_FUZZ=$(FUZZ_MESSAGES) \
		/usr/bin/python3 -m pytest -q -c tests/pytest.ini \
		tests/sip/test_fuzzed.py

.PHONY: compliance
compliance: all units deps-test	## what of each SIP RFC is kept, and its tests
	@USHER_BUILD=$(BUILD) packaging/compliance

.PHONY: lint
lint: deps-test			## check floors, style, manual pages
	@packaging/lint

.PHONY: format
format: deps-test		## bring C sources into the house's style
	@clang-format -i $$(git ls-files '*.c' '*.h')

.PHONY: fresh
fresh: deps-fresh		## demo and check on a bare Debian in a folder
	@packaging/fresh

##@ The rest

.PHONY: install
install: all			## install below DESTDIR and PREFIX
	install -d $(addprefix $(DESTDIR),$(BINDIR) $(SBINDIR) $(LIBDIR) \
		$(LIBDIR)/pkgconfig $(INCLUDEDIR) $(DATADIR) $(CONFDIR))
	install -m 755 $(BUILD)/usher $(DESTDIR)$(BINDIR)
	install -m 755 $(BUILD)/usher-milter $(BUILD)/usher-sip \
		$(DESTDIR)$(SBINDIR)
	install -m 644 $(BUILD)/$(SHARED) $(DESTDIR)$(LIBDIR)
	ln -sf $(SHARED) $(DESTDIR)$(LIBDIR)/$(SONAME)
	ln -sf $(SONAME) $(DESTDIR)$(LIBDIR)/libusher.so
	install -m 644 policy/usher.h policy/usher_sip.h policy/usher_check.h \
	    policy/usher_memory.h policy/usher_mail.h \
	    policy/usher_link.h policy/usher_loop.h policy/usher_code.h \
	    policy/usher_report.h \
	    policy/usher_status.h $(DESTDIR)$(INCLUDEDIR)
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' \
		-e 's|@INCLUDEDIR@|$(INCLUDEDIR)|' \
		-e 's|@VERSION@|$(VERSION)|' usher.pc.in \
		>$(DESTDIR)$(LIBDIR)/pkgconfig/usher.pc
	install -D -m 644 packaging/completion/usher \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/usher
	for page in packaging/man/*.[158]; do \
		install -D -m 644 -t $(DESTDIR)$(MANDIR)/man$${page##*.} \
			$$page || exit; \
	done
	cp -R conf/. $(DESTDIR)$(DATADIR)
	test -e $(DESTDIR)$(CONFDIR)/usher.conf || \
		install -m 644 conf/usher.conf $(DESTDIR)$(CONFDIR)

.PHONY: deps deps-build deps-demo deps-bench deps-test deps-fresh
deps: deps-test			## install what building and testing need
deps-build deps-demo deps-bench deps-test deps-fresh:
	@packaging/install-deps $(@:deps-%=%)

.PHONY: clean
clean:				## remove build/
	rm -rf $(BUILD)

.PHONY: help
help:				## this list
	@awk -F ':.*## *' '/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' \
		Makefile
