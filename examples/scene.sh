# Sourced by the examples: a scene of its own, and words to play in it. Network, mounts and processes
# are apart from the machine's, so the names are those of the text, and nothing outlives the script.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

die() {
	echo "$(basename "$0"): $*" >&2
	exit 1
}

if [ -z "${YANGPLANE_SCENE:-}" ]; then
	[ "$(id -u)" = 0 ] || die "needs root: it makes network namespaces and loads eBPF programs"
	export YANGPLANE_SCENE=1 PATH="$root/bin:$root/build/tools:$PATH"
	for tool in ip ping unshare grpcurl yangplaned; do
		command -v "$tool" >/dev/null || die "$tool is missing; 'make build deps' gets it"
	done
	exec unshare --net --mount --pid --fork --kill-child --mount-proc "$0" "$@"
fi

mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /var/lib
mount -t bpf bpf /sys/fs/bpf
mkdir /run/netns
ip link set lo up
said=/run/said
daemon_log=/run/yangplaned.log
# Of grpcurl's commands.
S=/run/yangplane/yangplane.sock

title() {
	printf '\n\033[1m%s\033[0m\n' "$*"
}

show() {
	printf '\033[36m$ %s\033[0m\n' "$*"
}

# Runs a command as it is printed; its output is indented, and kept for `expect`.
try() {
	show "$1"
	eval "$1" 2>&1 | tee "$said" | sed 's/^/  /'
}

run() {
	try "$1" || die "this failed: $1"
}

# A command that has to fail.
run_in_vain() {
	if try "$1"; then die "this should have failed: $1"; fi
}

# The last command has to have said this, an extended regular expression.
expect() {
	grep -qE -- "$1" "$said" || die "the last command said nothing like: $1"
}

expect_not() {
	if grep -qE -- "$1" "$said"; then die "the last command still says: $1"; fi
}

# From a host to an address, without a loss.
ping_passes() {
	run "ip netns exec $1 ping -n -c 3 -i 0.2 -W 2 $2"
	expect ' 0% packet loss'
}

start_daemon() {
	show 'yangplaned &'
	yangplaned >"$daemon_log" 2>&1 &
	daemon=$!
	grep -q -m1 'yangplaned ready' < <(timeout 30 tail -n +1 -f --pid=$daemon "$daemon_log") ||
		die "the daemon did not start: $(tail -n 5 "$daemon_log")"
	echo '  yangplaned ready'
}

# The daemon without a chance to tidy up.
kill_daemon() {
	show "kill -9 $daemon"
	kill -9 $daemon
	wait $daemon 2>/dev/null || true
}

stop_daemon() {
	show "kill $daemon"
	kill $daemon
	wait $daemon || die "the daemon did not stop cleanly"
}

# A host: a namespace whose eth0 is the other end of a device here.
make_host() {
	local name=$1 device=$2 address=$3
	run "ip netns add $name"
	run "ip link add $device type veth peer name eth0 netns $name"
	run "ip link set $device up"
	run "ip -n $name address add $address dev eth0"
	run "ip -n $name link set eth0 up"
}

# Once the daemon is stopped: nothing of Yangplane is in the kernel any more.
clean_up() {
	run "yangplane cleanup"
	run "ip link show"
	expect_not 'xdp|yp-'
	run "ls /sys/fs/bpf"
	expect_not yangplane
}
