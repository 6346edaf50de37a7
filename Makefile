# The two commands are `make demo` and `make check`.  Everything else here is a way to a part of them;
# the build itself is meson's (meson.build).

BUILD := build
MESON := meson
NINJA := ninja

all: need-build $(BUILD)/build.ninja
	@$(NINJA) -C $(BUILD) $(QUIET)

# Follow a real program and show the most telling of what happened.
demo: QUIET := --quiet
demo: install-demo $(BUILD)/build.ninja
	@$(NINJA) -C $(BUILD) --quiet
	@tools/demo $(BUILD)/usermm

# Every test.  FORCE=1 runs again what passed before on the same tree; ONLY="unit cli" runs a part.
check: install-check
	@tools/run-checks $(if $(FORCE),--force) $(ONLY)

# Ours beside the kernel's; writes $(BUILD)/bench.json.
bench: install-bench
	@tools/run-bench

# libFuzzer on the library and on every reader of foreign text: SECONDS for each, KEEP=1 goes on with
# what was found before.
fuzz-coverage: install-check
	@tools/fuzz-coverage $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED)) $(if $(KEEP),--keep)

# What needs a virtual machine, then the random tests with more iterations and other seeds: MINUTES=10.
soak: install-soak
	@tools/soak $(or $(MINUTES),10)

# Which lines and branches of src/ the unit tests reach; fails below the bars.  MISSED=src/calls/brk.c
# names those that they do not.
coverage: install-coverage
	@tools/coverage $(if $(MISSED),--missed $(MISSED)) $(if $(HTML),--html $(HTML))

# Memory calls that nobody thought of, on the running kernel and in the library: SEED=1 CALLS=1000000.
fuzz: all
	@$(BUILD)/tests/fuzz/fuzz $(if $(SEED),--seed=$(SEED)) $(if $(CALLS),--calls=$(CALLS))

# What is behind the areas, contents and page tables, in the same way: SEED=1 OPS=1000000.
pages: all
	@$(BUILD)/tests/fuzz/fuzz --pages $(if $(SEED),--seed=$(SEED)) $(if $(OPS),--calls=$(OPS))

# One line of src/ broken at a time: does a test notice?  ONLY="NAME…" for some of tests/mutants.
mutate: install-check
	@tools/mutate $(ONLY)

# The vectors of vectors/src/ recorded anew on this kernel, into vectors/.
vectors: all
	@tools/vectors.py record

install: all
	$(MESON) install -C $(BUILD)

clean:
	rm -rf $(BUILD) build-asan build-clang build-tsan build-bench build-cov build-fuzz

$(BUILD)/build.ninja: | meson.build
	@mkdir -p $(BUILD)
	@$(MESON) setup $(BUILD) >$(BUILD)/setup.log 2>&1 || { cat $(BUILD)/setup.log; exit 1; }

need-%:
	@tools/need $*

install-%:
	@tools/need --install $*

# vectors/ is a folder: the target is phony.
.PHONY: vectors all demo check bench fuzz pages fuzz-coverage soak mutate coverage install clean
