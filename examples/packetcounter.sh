#!/usr/bin/env bash
# A first eBPF program: it counts what arrives at a device, by XDP. The service is built from
# examples/packetcounter, loaded while the daemon runs, read once a second, and unloaded; nothing is
# left on the device. Exits 0 only if all of this was seen.
. "$(dirname "$0")/scene.sh"

api=yangplane.packetcounter.v1.PacketcounterService

title "A host whose packets arrive at veth1"
make_host ns1 veth1 10.0.0.1/24
run "ip address add 10.0.0.254/24 dev veth1"

title "A model, a program and a declaration become a service"
run "cp -r $root/examples/packetcounter /run/packetcounter"
run "yangplane-gen --service /run/packetcounter"
start_daemon
run "yangplane services add /run/packetcounter"
run "yangplane packetcounter add pc1 type=XDP_DRV"
run "yangplane pc1 ports add in peer=veth1"
run "ip link show veth1"
expect 'prog/xdp'

title "Packets are counted"
show "ip netns exec ns1 ping -n -i 0.1 10.0.0.254 &"
ip netns exec ns1 ping -n -i 0.1 10.0.0.254 >/dev/null &
ping=$!
before=0
for _ in 1 2 3; do
	sleep 1
	run 'echo "Received $(yangplane pc1 received packets show) packets"'
	received=$(grep -o '[0-9]*' "$said")
	[ "$received" -gt "$before" ] || die "the counter does not count"
	before=$received
done

title "The kernel counts on when the daemon is dead"
kill_daemon
sleep 1
start_daemon
run "grpcurl -plaintext -unix -d '{\"packetcounter_name\": \"pc1\"}' $S $api/GetPacketcounter"
received=$(grep -o '"packets": "[0-9]*"' "$said" | grep -o '[0-9]*')
[ "$received" -gt "$before" ] || die "packets were lost to the counter"
kill $ping

title "Everything is removed"
run "yangplane pc1 del"
run "yangplane services del packetcounter"
run "ip link show veth1"
expect_not 'prog'
stop_daemon
clean_up
run "ip netns del ns1"

title "A program of one's own counted packets, with and without the daemon."
