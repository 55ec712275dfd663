#!/usr/bin/env bash
# Two hosts, one bridge made through gRPC, real packets through it. Leaves nothing behind, and
# exits 0 only if the packets passed with the bridge and did not without it.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
export PATH="$root/build/tools:$PATH"
dir=$(mktemp -d "${TMPDIR:-/tmp}/yangplane-demo.XXXXXX")
id=yp$$
socket=$dir/yangplane.sock
pins=/sys/fs/bpf/$id
api=yangplane.simplebridge.v1.SimplebridgeService
daemon=

die() {
	echo "demo: $*" >&2
	exit 1
}

clean_up() {
	local status=$?
	trap - EXIT
	if [ -n "$daemon" ]; then
		kill "$daemon" 2>/dev/null || true
		wait "$daemon" 2>/dev/null || true
	fi
	for host in h1 h2; do
		ip netns pids "$id-$host" 2>/dev/null | xargs -r kill 2>/dev/null || true
		ip netns del "$id-$host" 2>/dev/null || true
		ip link del "$id$host" 2>/dev/null || true
	done
	# The daemon takes its own device away unless it was killed with a bridge there.
	ip link del "yp-$(printf %s "$pins" | sha256sum | cut -c 1-8)-0" 2>/dev/null || true
	if [ "$status" != 0 ] && [ -s "$dir/daemon.log" ]; then
		echo "the daemon's last words:" >&2
		tail -n 20 "$dir/daemon.log" >&2
	fi
	rm -rf "$dir" "$pins"
	exit "$status"
}

title() {
	printf '\n\033[1m%s\033[0m\n' "$*"
}

# Waits until a file has a line with the text, as long as its writer lives, 20 s at most.
await_line() {
	local file=$1 text=$2 writer=$3
	grep -q -m1 -F "$text" < <(timeout 20 tail -n +1 -f --pid="$writer" "$file") ||
		die "no '$text' in $file"
}

# Prints the call as a user would type it, then makes it; the answer is indented below.
call() {
	local method=$1 body=$2
	printf "\033[36m\$ grpcurl -plaintext -unix -d '%s' \\\\\n    %s %s\033[0m\n" "$body" "$socket" "$method"
	grpcurl -plaintext -unix -d "$body" "$socket" "$method" >"$dir/answer" || die "$method failed"
	sed 's/^/  /' "$dir/answer"
}

ping_h2() {
	ip netns exec "$id-h1" ping -n -i 0.2 -W 1 "$@" 192.0.2.2
}

# A host: a namespace whose eth0 has its other end here, named yp<pid>h1 or h2.
make_host() {
	local host=$1 number=$2
	ip netns add "$id-$host"
	ip link add "$id$host" type veth peer name eth0 netns "$id-$host" address "02:00:00:00:00:0$number"
	ip link set "$id$host" up
	ip -n "$id-$host" address add "192.0.2.$number/24" dev eth0
	ip -n "$id-$host" link set eth0 up
}

picture() {
	cat <<PICTURE

       h1 192.0.2.1                                            h2 192.0.2.2
     ┌──────────────┐         ┌───────────────────┐         ┌──────────────┐
     │     eth0     ├─────────┤ p1     br0     p2 ├─────────┤     eth0     │
     └──────────────┘         └───────────────────┘         └──────────────┘
        namespace    $(printf '%-10s' "${id}h1") simplebridge $(printf '%10s' "${id}h2")    namespace
                                eBPF in the kernel

PICTURE
}

[ "$(id -u)" = 0 ] || die "needs root: it makes network namespaces and loads eBPF programs"
for tool in ip ping iperf3 grpcurl; do
	command -v "$tool" >/dev/null || die "$tool is not installed; 'make demo' installs it"
done
trap clean_up EXIT
trap 'exit 130' INT TERM

picture
make_host h1 1
make_host h2 2

title "Without a bridge nothing passes"
if ping_h2 -c 1 >"$dir/ping"; then die "packets pass before there is a bridge"; fi
grep 'packet loss' "$dir/ping" | sed 's/^/  /'
# The kernel waits a second before it asks again for an address nobody answered for.
ip -n "$id-h1" neighbour flush dev eth0 nud all

title "The daemon"
printf '\033[36m$ bin/yangplaned --socket %s --state-dir %s --pin-dir %s\033[0m\n' \
	"$socket" "$dir/state" "$pins"
"$root/bin/yangplaned" --socket "$socket" --state-dir "$dir/state" --pin-dir "$pins" \
	>"$dir/daemon.log" 2>&1 &
daemon=$!
await_line "$dir/daemon.log" "yangplaned ready" "$daemon"
echo "  yangplaned ready"

title "A bridge with two ports"
call "$api/CreateSimplebridge" '{"simplebridge": {"name": "br0"}}'
for host in h1 h2; do
	call "$api/CreatePorts" \
		"{\"simplebridge_name\": \"br0\", \"ports\": {\"name\": \"p${host#h}\", \"peer\": \"$id$host\"}}"
done

title "Packets"
ping_h2 -c 5 | tee "$dir/ping" | sed 's/^/  /'
grep -q ' 0% packet loss' "$dir/ping" || die "ping lost packets"
ip netns exec "$id-h2" iperf3 -s -1 --forceflush >"$dir/iperf3" &
await_line "$dir/iperf3" "Server listening" $!
ip netns exec "$id-h1" iperf3 -c 192.0.2.2 -t 2 -f g >"$dir/iperf3-client" || die "iperf3 failed"
grep -E 'sender|receiver' "$dir/iperf3-client" | sed 's/^/  TCP /'
grep -E 'receiver' "$dir/iperf3-client" | grep -qv ' 0.00 Bytes' || die "iperf3 moved no data"

title "What the bridge has learned"
call "$api/ListFdbEntry" '{"simplebridge_name": "br0"}'
for mac in 02:00:00:00:00:01 02:00:00:00:00:02; do
	grep -q "$mac" "$dir/answer" || die "$mac was not learned"
done

title "What an edit would write, without doing it"
call yangplane.core.v1.TransactionService/Apply '{"options": {"dry_run": true}, "edits": [{
  "path": "/simplebridge:simplebridge[name=\"br0\"]/fdb/entry[address=\"02:00:00:00:00:09\"]",
  "operation": "OPERATION_CREATE", "json": "{\"port\": \"p1\"}"}]}'
grep -q '"plan"' "$dir/answer" || die "no plan"

title "Everything is removed"
call "$api/DeleteSimplebridge" '{"simplebridge_name": "br0"}'
if ping_h2 -c 1 >"$dir/ping"; then die "packets pass although the bridge is gone"; fi
grep 'packet loss' "$dir/ping" | sed 's/^/  /'

title "Packets passed through eBPF that a YANG model configured."
