#!/bin/sh
# Make this checkout ready to run: Icarus Verilog, .venv with the pinned packages, a shared libpython.
#
#   sh tb/setup.sh [GROUP ...]    the packages of pyproject.toml and of its dependency groups (lint, oracles, ...)
#   sh tb/setup.sh --tosa         .venv-tosa, with the group tosa alone
#   sh tb/setup.sh --lock         write constraints.txt anew from pyproject.toml
#
# `make` calls it when needed. Each step acts only if something is missing; system packages are installed as root or
# where sudo asks no password, otherwise one line says what to type. PYTHON=... chooses the interpreter.
set -eu
cd "$(dirname "$0")/.."

icarus_minimum=11                               # the oldest that the regression runs on (Debian 11, Ubuntu 22.04)

say() { printf 'set-up: %s\n' "$*"; }
die() { printf 'set-up: %s\n' "$*" >&2; exit 1; }

# install_package PACKAGE HINT: install a Debian/Ubuntu package, or say what to type.
install_package() {
    if ! command -v apt-get >/dev/null; then die "$2"
    elif [ "$(id -u)" = 0 ]; then sudo=
    elif sudo -n true 2>/dev/null; then sudo='sudo -n'
    else die "$2"; fi
    say "installing $1 (apt-get)"
    apt="$sudo env LC_ALL=C DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120"
    # A fresh machine is often updating itself: wait while the package lists are locked. Any other failure of the
    # update is no reason to stop: one dead third-party source suffices for it, and the old lists may do.
    for _ in 1 2 3 4 5 6 7 8; do
        log=$($apt update 2>&1 </dev/null) && break
        case $log in *'get lock'*) sleep 15 ;; *) break ;; esac
    done
    log=$($apt install -y --no-install-recommends "$1" 2>&1 </dev/null) ||
        die "apt-get cannot install $1: $(printf '%s\n' "$log" | grep '^E:' | tail -n 1)"
}

version_of() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null; }

# A Python that is new enough: $PYTHON if given, else the first on the PATH.
find_python() {
    for python in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && return
    done
    die "Python must be 3.11 or newer, ${PYTHON:-python3} is $(version_of "${PYTHON:-python3}" || echo missing);" \
        "install one (Debian, Ubuntu: sudo apt-get install python3.11) or type: make PYTHON=/path/to/python3"
}

check_icarus() {
    command -v iverilog >/dev/null || install_package iverilog \
        "Icarus Verilog is needed; type: sudo apt-get install iverilog (macOS: brew install icarus-verilog)"
    found=$(iverilog -V 2>/dev/null | sed -n '1s/.*version \([0-9.]*\).*/\1/p')
    [ "${found%%.*}" -ge "$icarus_minimum" ] 2>/dev/null ||
        die "iverilog must be $icarus_minimum or newer, $(command -v iverilog || echo it) is ${found:-missing}"
}

# A virtual environment ($venv) that works and has the wanted version is kept, any other is built anew.
check_venv() {
    version=$(version_of "$python")
    [ "$(version_of $venv/bin/python)" != "$version" ] || ! $venv/bin/python -c 'import pip' 2>/dev/null || return 0
    "$python" -c 'import ensurepip, venv' 2>/dev/null || install_package "python$version-venv" \
        "$python cannot make virtual environments; type: sudo apt-get install python$version-venv"
    say "making $venv with Python $version"
    rm -rf $venv
    trap "rm -rf $venv" EXIT; trap 'exit 130' INT TERM HUP      # never leave half of one behind
    log=$("$python" -m venv $venv 2>&1) || die "$python -m venv $venv failed: $(printf '%s\n' "$log" | tail -n 1)"
    trap - EXIT INT TERM HUP
}

# requirements [--only] GROUP ...: what pyproject.toml asks for, one per line; --only leaves out what all jobs need.
requirements() {
    .venv/bin/python -c '
import sys, tomllib
with open("pyproject.toml", "rb") as file:
    config = tomllib.load(file)
groups = {"--only": [], **config["dependency-groups"]}
base = [] if "--only" in sys.argv else config["project"]["dependencies"]
print(*base, *(r for g in sys.argv[1:] for r in groups[g]), sep="\n")
' "$@"
}

pip() { $venv/bin/python -m pip --disable-pip-version-check --no-input "$@"; }

# resolve ARGUMENT ...: pip install what $wanted lists. For Linux, PyPI has PyTorch with CUDA only, gigabytes of it.
resolve() {
    printf '%s\n' "$wanted" | pip install --quiet -r /dev/stdin "$@" && return
    case $wanted in *torch*) say "trying PyTorch's own index" >&2 ;; *) return 1 ;; esac
    printf '%s\n' "$wanted" | pip install --quiet -r /dev/stdin "$@" \
        --extra-index-url https://download.pytorch.org/whl/cpu
}

install_packages() {
    say "installing Python packages${1:+ ($*)}"
    wanted=$(requirements "$@")
    log=$(resolve -c constraints.txt 2>&1) ||
        die "pip failed: $(printf '%s\n' "$log" | grep -m 1 '^ERROR')" \
            "Check the network and try again (after a change of pyproject.toml first: make lock)."
}

# The reference model of TOSA wants other versions of what the rest has: alone in an environment of its own.
install_tosa() {
    say "installing Python packages (tosa)"
    wanted=$(requirements --only tosa)
    venv=.venv-tosa
    check_venv
    log=$(resolve 2>&1) || die "pip failed: $(printf '%s\n' "$log" | grep -m 1 '^ERROR')"
}

# cocotb loads Python into the simulator, which takes the shared library and not the executable.
check_libpython() {
    need="$python has no shared library (libpython$version.so); type: sudo apt-get install libpython$version"
    [ -n "$(.venv/bin/python -m find_libpython)" ] || install_package "libpython$version" "$need"
    [ -n "$(.venv/bin/python -m find_libpython)" ] || die "$need"
}

# The tests compile the C driver, and Verilator makes C++ of Verilog.
check_compiler() {
    works() { printf '#include <stdint.h>\n' | "$1" -E - >/dev/null 2>&1; }
    { works cc && works c++; } || install_package build-essential \
        "a C and C++ compiler is needed; type: sudo apt-get install build-essential (macOS: xcode-select --install)"
    { works cc && works c++; } || die "cc and c++ must be able to compile, $(command -v cc || echo cc) cannot"
}

# The tests run the script for Vivado, whose language is Tcl.
check_tcl() {
    command -v tclsh >/dev/null || install_package tcl \
        "Tcl is needed; type: sudo apt-get install tcl (macOS: brew install tcl-tk)"
}

# Resolved for the oldest Python: what it can run, the newer ones can. (--target is only there because pip asks for it.)
write_lock() {
    wanted=$(requirements lint train synth test-oracles oracles)
    report=$(resolve --dry-run --report - \
        --ignore-installed --python-version 3.11 --only-binary :all: --target build/lock)
    lock=$(printf '%s\n' "$report" | .venv/bin/python -c '
import json, sys
packages = [p["metadata"] for p in json.load(sys.stdin)["install"]]
print("# Every package that is installed, with its exact version. Written by make lock: do not edit.")
print(*sorted(p["name"].lower().replace("_", "-") + "==" + p["version"].split("+")[0] for p in packages), sep="\n")')
    printf '%s\n' "$lock" >constraints.txt
}

[ -w . ] || die "must be able to write to $(pwd)"
venv=.venv
find_python; check_icarus; check_venv
case ${1-} in
    --lock) write_lock ;;
    --tosa) install_tosa ;;
    test-oracles) install_packages "$@" && check_libpython && check_compiler && check_tcl ;;
    lint) install_packages "$@" && check_libpython && check_compiler ;;
    *) install_packages "$@" && check_libpython ;;
esac
