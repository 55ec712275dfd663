#!/bin/sh
# Installs the Debian packages the build and the tests need, unless they are there.
# Exits 1 with one line saying what to do where it cannot.
set -eu

build="clang llvm libbpf-dev linux-libc-dev libyang2-dev bpftool make ca-certificates git"
run="iproute2 ethtool iputils-ping iperf3"
test="libyang2-tools clang-format protobuf-compiler libprotobuf-dev busybox openssl mount"

missing=""
for package in $build $run $test; do
	status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
	[ "$status" = installed ] || missing="$missing $package"
done
# A Python of one's own brings ensurepip with it; Debian's keeps it in a package.
python3 -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv"
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ]; then
	echo "make: not root; please run: apt-get install$missing" >&2
	exit 1
fi
if ! command -v apt-get >/dev/null; then
	echo "make: no apt-get here; please install what your system calls:$missing" >&2
	exit 1
fi
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
echo "installing$missing"
# shellcheck disable=SC2086 # a list of words
if ! { apt-get update -q && apt-get install -q -y --no-install-recommends $missing; } >"$log" 2>&1; then
	tail -n 5 "$log" >&2
	echo "make: apt-get could not install:$missing" >&2
	exit 1
fi
