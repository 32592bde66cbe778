# safeguard - README.md says what is built. Output stays under $(BUILD); SAN=1 builds the same with sanitizers,
# the libraries with checks that need no run-time library; WERROR=1 takes no warnings, V=1 shows the commands.

SG_VERSION := 0.1.0
SAN     ?= $(filter sanitized,$(MAKECMDGOALS))
WERROR  ?=
BUILD   ?= build$(if $(SAN),/sanitized)
# As the lists of what objects depend on name it, also for tests that say where it is.
override BUILD := $(patsubst $(CURDIR)/%,%,$(BUILD))
PREFIX  ?= /usr/local
LIBDIR  ?= $(PREFIX)/lib
DESTDIR ?=
FUZZ_SECONDS   ?= 60
ORACLE_STREAMS ?= 100000
CLANG  ?= clang
ifeq ($(origin CC),default)
CC := $(if $(SAN),$(CLANG),gcc)
endif
CFLAGS ?= -O2 -g

LIBS      := build/libs
CPPFLAGS  := -I. -Iscanner -isystem $(LIBS)/include -D_GNU_SOURCE= -DSG_VERSION='"$(SG_VERSION)"' \
             -DSG_FEATURE_HASH=$(firstword $(shell cksum scanner/judge/feature_list.h))u $(if $(UNTRAINED),-DSG_UNTRAINED)
WARNINGS  := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef -Wpointer-arith \
             -Wwrite-strings -Wformat=2 $(if $(WERROR),-Werror)
SAN_FLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
# As gcc has it without being told.
ifneq ($(findstring clang,$(CC)),)
SHARED_ASAN = -shared-libasan -Wl,-rpath,$(shell $(CC) -print-resource-dir)/lib/linux
endif
# What is undefined ends the program; what nobody wrote to holds a pattern.
TRAPS     := -fsanitize=undefined,local-bounds -fsanitize-trap=all -ftrivial-auto-var-init=pattern
FLAGS     := -std=gnu11 $(WARNINGS) -fPIC -fvisibility=hidden -ftls-model=initial-exec -fno-optimize-sibling-calls \
             -ffunction-sections -fdata-sections -fstack-protector-strong '-fdebug-prefix-map=$(CURDIR)=.' $(CFLAGS)
# What a link took from where, for scripts/sbom; zig's linker tells nobody.
MAP       = $(if $(findstring zig,$(CC)),,-Wl,-Map,$@.map)
LINK      := -Wl,--gc-sections,-z,now,-z,relro,-z,noexecstack,--as-needed
LIBDL     := -Wl,--no-as-needed -l:libdl.so.2
LINK_SO   := -shared $(LINK) -Wl,-z,defs
ARCHIVES  := $(LIBS)/lib/libzip.a $(LIBS)/lib/libbz2_sg.a -l:libz.a -l:liblzma.a -l:libzstd.a -l:liblz4.a
SHIM_ARCHIVES := $(ARCHIVES) $(LIBS)/lib/libinih.a -l:libmd.a -l:libseccomp.a
ALL_ARCHIVES  := -l:libarchive.a -l:libjansson.a $(SHIM_ARCHIVES)

# Sorted: a locale has its own order.
SCAN   := $(sort $(wildcard $(addprefix scanner/,*.c ground/*.c readers/*.c machine/*.c judge/*.c scan/*.c)))
POLICY := $(sort $(wildcard policy/*.c))
CLI    := $(sort $(wildcard scanner/cli/*.c))
SHIM   := $(sort $(wildcard shim/*.c))
# The supervisor is the guard without what makes it part of another program.
SUPERVISE := $(sort $(wildcard shim/supervise/*.c)) $(filter-out shim/start.c shim/hook_%.c,$(SHIM))
UNIT   := $(wildcard tests/unit/test_*.c)
FUZZ   := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ_PARTS := $(filter-out $(FUZZ) tests/fuzz/replay.c,$(wildcard tests/fuzz/*.c))
BENCH  := $(wildcard tests/bench/bench_*.c)

PLAIN   = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
PROGRAM = $(patsubst %.c,$(BUILD)/$(1)/%,$(notdir $(2)))
UNITS   := $(call PROGRAM,unit,$(UNIT))
FUZZERS := $(call PROGRAM,fuzz,$(FUZZ))
REPLAYS := $(call PROGRAM,replay,$(FUZZ))
BENCHES := $(call PROGRAM,bench,$(BENCH))
FACTS   := $(BUILD)/tests/facts

all: $(BUILD)/libsgscan.a $(BUILD)/libsgscan.so $(BUILD)/safeguard $(BUILD)/libsafeguard.so

# Third-party code. Targets that test also install what is missing; plain `make` never does.
$(LIBS)/stamp: scripts/build_libs
	scripts/build_libs
build/deps.stamp: scripts/install_deps scripts/requirements.txt
	scripts/install_deps
ifneq ($(filter check lint bench proof fuzz oracle gadgets suites matrix spark containers faults valgrind coverage packages demo race sanitized stress soak evaluate,$(MAKECMDGOALS)),)
$(LIBS)/stamp: | build/deps.stamp
endif

# Objects: as shipped (obj), for unit tests and replay (san), for the fuzzers (cov).
define OBJECTS
$(BUILD)/$(1)/%.o: %.c Makefile | $(LIBS)/stamp
	@mkdir -p $$(@D) && echo "  CC    $$<"
	$(2) $$(CPPFLAGS) $$(FLAGS) $(3) -MMD -MP -c -o $$@ $$<
$(BUILD)/$(1)/tested.a: $(patsubst %.c,$(BUILD)/$(1)/%.o,$(SCAN) $(POLICY) $(CLI) $(SUPERVISE) $(FUZZ_PARTS))
	rm -f $$@ && $$(AR) qcsD $$@ $$^
endef
$(eval $(call OBJECTS,obj,$(CC),$(if $(SAN),$(TRAPS))))
$(eval $(call OBJECTS,san,$(CC),$(SAN_FLAGS)))
$(eval $(call OBJECTS,cov,$(CLANG),$(SAN_FLAGS) -fsanitize=fuzzer-no-link))
$(call PLAIN,$(SHIM)): FLAGS += -U_FORTIFY_SOURCE

# The archive takes libzip and bz2 in: nobody else could give a user these builds of them.
$(BUILD)/libsgscan.a: $(call PLAIN,$(SCAN)) $(LIBS)/stamp
	@echo "  AR    $@" && rm -f $@
	{ echo create $@; printf 'addmod %s\n' $(filter %.o,$^); printf 'addlib %s\n' $(filter $(LIBS)/%,$(ARCHIVES)); \
	  echo save; } | $(AR) -M
$(BUILD)/libsgscan.so: $(call PLAIN,$(SCAN)) scanner/sgscan.map $(LIBS)/stamp
	@echo "  LINK  $@"
	$(CC) $(FLAGS) $(LINK_SO) $(MAP) -Wl,-soname,libsgscan.so.0,--version-script,scanner/sgscan.map -o $@ $(filter %.o,$^) $(ARCHIVES)
$(BUILD)/supervise.a: $(call PLAIN,$(SUPERVISE))
	rm -f $@ && $(AR) qcsD $@ $^
$(BUILD)/safeguard: $(if $(SAN),$(BUILD)/san/tested.a,$(call PLAIN,$(CLI) $(POLICY)) $(BUILD)/supervise.a $(BUILD)/libsgscan.a)
	@echo "  LINK  $@"
	$(CC) $(FLAGS) $(if $(SAN),$(SAN_FLAGS)) $(LINK) $(MAP) -pthread -o $@ $^ $(ALL_ARCHIVES)
# Put in place whole: programs may be starting with it. libdl.so.2 holds dlsym before glibc 2.34; by itself
# --as-needed drops it where this is linked.
$(BUILD)/libsafeguard.so: $(call PLAIN,$(SHIM) $(POLICY)) $(BUILD)/libsgscan.a shim/exports.map
	@echo "  LINK  $@"
	$(CC) $(FLAGS) $(LINK_SO) $(MAP) -Wl,-soname,libsafeguard.so,--version-script,shim/exports.map -o $@.new \
	    $(filter %.o %.a,$^) $(SHIM_ARCHIVES) $(LIBDL) && mv $@.new $@

# The guard with sanitizers: only programs that bring their run-time library, or load it first, start under it.
$(BUILD)/san/libsafeguard.so: $(patsubst %.c,$(BUILD)/san/%.o,$(SHIM) $(POLICY) $(SCAN)) shim/exports.map
	@echo "  LINK  $@"
	$(CC) $(FLAGS) $(SAN_FLAGS) -shared $(SHARED_ASAN) -Wl,-z,now,--version-script,shim/exports.map -o $@ $(filter %.o,$^) \
	    $(SHIM_ARCHIVES) $(LIBDL)

# Test programs.
$(BUILD)/unit/%: $(BUILD)/san/tests/unit/%.o $(BUILD)/san/tested.a
	@mkdir -p $(@D) && echo "  LINK  $@"
	$(CC) $(SAN_FLAGS) -o $@ $^ $(ALL_ARCHIVES) -lcmocka
$(BUILD)/replay/%: $(BUILD)/san/tests/fuzz/%.o $(BUILD)/san/tests/fuzz/replay.o $(BUILD)/san/tested.a
	@mkdir -p $(@D) && echo "  LINK  $@"
	$(CC) $(SAN_FLAGS) -o $@ $^ $(ALL_ARCHIVES)
$(BUILD)/fuzz/%: $(BUILD)/cov/tests/fuzz/%.o $(BUILD)/cov/tested.a
	@mkdir -p $(@D) && echo "  LINK  $@"
	$(CLANG) $(SAN_FLAGS) -fsanitize=fuzzer -o $@ $^ $(ALL_ARCHIVES)
$(BUILD)/tests/%: $(BUILD)/obj/tests/oracle/%.o $(BUILD)/obj/tested.a
	@mkdir -p $(@D) && echo "  LINK  $@"
	$(CC) $(FLAGS) $(LINK) -o $@ $^ $(ALL_ARCHIVES)
$(BUILD)/bench/%: $(BUILD)/obj/tests/bench/%.o $(BUILD)/obj/tested.a
	@mkdir -p $(@D) && echo "  LINK  $@"
	$(CC) $(FLAGS) $(LINK) -o $@ $^ $(ALL_ARCHIVES)

check: all $(BUILD)/san/libsafeguard.so $(UNITS) $(FACTS) $(REPLAYS) | build/deps.stamp
	scripts/test $(BUILD)
oracle: $(FACTS) | build/deps.stamp
	ORACLE_STREAMS=$(ORACLE_STREAMS) scripts/test $(BUILD) oracle
fuzz: $(FUZZERS)
	FUZZ_SECONDS=$(FUZZ_SECONDS) scripts/test $(BUILD) fuzz
bench: all $(BENCHES) | build/deps.stamp
	scripts/test $(BUILD) bench
# Every promise beside what is measured, in one table.
proof: all $(BENCHES) $(FACTS) | build/deps.stamp
	scripts/proof $(BUILD) $(if $(LONG),--long) --markdown scripts/evaluation/proof.md
# Half an hour: everything that tests, built to count what it runs; build/coverage/summary.txt has what it does not.
coverage: $(LIBS)/stamp | build/deps.stamp
	scripts/install_deps --coverage
	scripts/coverage build/coverage
faults valgrind: all | build/deps.stamp
	scripts/install_deps --faults
	scripts/test $(BUILD) $@
race: all | build/deps.stamp
	scripts/test $(BUILD) race
stress: all $(BUILD)/san/libsafeguard.so | build/deps.stamp
	scripts/test $(BUILD) $@
# Half an hour or more: `make check` with SAN=1, then the guard with ASan in programs that load its run-time library first.
sanitized: all $(BUILD)/san/libsafeguard.so $(UNITS) $(FACTS) $(REPLAYS) | build/deps.stamp
	scripts/test $(BUILD) $@
gadgets suites matrix spark containers soak: all | build/deps.stamp
	scripts/test $(BUILD) $@
matrix-venv: | build/deps.stamp
	scripts/matrix_venvs
nightly: | build/deps.stamp
	scripts/nightly
lint: $(LIBS)/stamp | build/deps.stamp
	scripts/lint
demo: all | build/deps.stamp
	scripts/demo $(BUILD)

# The trainer asks a program without tables: what is learned does not depend on what was learned before.
train: | build/deps.stamp
	$(MAKE) BUILD=build/untrained UNTRAINED=1 build/untrained/safeguard
	OMP_NUM_THREADS=1 build/venv/bin/python scripts/train/train --program build/untrained/safeguard $(CORPUS)
# Hours: scripts/evaluate by itself tells in seconds how the verdicts fit the labels.
evaluate: all | build/deps.stamp
	scripts/evaluation/install_peers
	scripts/evaluate --program $(BUILD)/safeguard $(if $(CORPUS),--corpus $(CORPUS)) --list 0 --cv --peers --speed \
	    --markdown scripts/evaluation/results.md --plot scripts/evaluation/results.svg

man: all
	scripts/man $(BUILD)
completion: all
	scripts/packages/completion/make_completion $(BUILD)
# What is in the built files, and whose it is; installed when it was made of what is installed.
sbom: $(BUILD)/safeguard.cdx.json
$(BUILD)/safeguard.cdx.json: $(BUILD)/libsafeguard.so $(BUILD)/libsgscan.so $(BUILD)/libsgscan.a $(BUILD)/safeguard scripts/sbom scripts/sbom_parts.py
	python3 scripts/sbom $(BUILD) $(SG_VERSION) $@
# Minutes: all is built twice, from what is committed; scripts/reproducible --tree takes the files as they are.
reproducible:
	scripts/reproducible
install: all man completion
	VERSION=$(SG_VERSION) DESTDIR=$(DESTDIR) PREFIX=$(PREFIX) LIBDIR=$(LIBDIR) scripts/install $(BUILD)
deb: | build/deps.stamp
	scripts/install_deps --packages
	scripts/packages/deb $(BUILD)/deb
wheel: | build/deps.stamp
	scripts/install_deps --packages
	scripts/packages/wheel $(BUILD)/wheel
cross: | build/deps.stamp
	scripts/install_deps --packages
	scripts/packages/target_build aarch64-linux-gnu.2.28
	scripts/packages/target_build x86_64-linux-musl
packages: all | build/deps.stamp
	scripts/install_deps --packages
	scripts/test $(BUILD) packages
clean:
	rm -rf build-*
	[ ! -d build ] || find build -mindepth 1 -maxdepth 1 ! -name venv ! -name libs ! -name '*.stamp' -exec rm -rf {} +

.PHONY: all check oracle fuzz bench proof race sanitized stress soak gadgets suites matrix spark containers faults valgrind coverage matrix-venv nightly lint demo man completion sbom reproducible install deb wheel cross packages clean train evaluate
.SECONDARY:
.DELETE_ON_ERROR:
$(if $(V),,.SILENT:)
-include $(shell find $(BUILD)/obj $(BUILD)/san $(BUILD)/cov -name '*.d' 2>/dev/null)
