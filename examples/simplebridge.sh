#!/usr/bin/env bash
# A simplebridge between two hosts, by the command line: both ports are up, the first ping passes,
# and packets go on while the daemon is dead. Exits 0 only if all of this was seen.
. "$(dirname "$0")/scene.sh"

title "Two hosts, each with a cable that ends here"
make_host ns1 veth1 10.0.0.1/24
make_host ns2 veth2 10.0.0.2/24
start_daemon

title "A bridge between them"
run "yangplane simplebridge add br0"
run "yangplane br0 ports add toveth1"
run "yangplane connect br0:toveth1 veth1"
run "yangplane br0 ports add toveth2"
run "yangplane connect br0:toveth2 veth2"
run "yangplane br0 show"
for line in '^name: br0$' '^uuid: [0-9a-f-]{36}$' '^service-name: simplebridge$' '^type: TC$' \
	'^loglevel: INFO$' '^ *aging-time: 300$' ' toveth1 .* UP .*veth1' ' toveth2 .* UP .*veth2'; do
	expect "$line"
done

title "Packets both ways, the first included"
ping_passes ns1 10.0.0.2
ping_passes ns2 10.0.0.1

title "What the bridge has learned, by the command line and by gRPC"
run "yangplane br0 fdb entry show"
expect ' toveth1'
run "grpcurl -plaintext -unix -d '{\"simplebridge_name\": \"br0\"}' $S \\
    yangplane.simplebridge.v1.SimplebridgeService/ListFdbEntry"
expect '"port": "toveth1"'
expect '"port": "toveth2"'

title "The daemon dies, the bridge does not"
kill_daemon
ping_passes ns1 10.0.0.2
start_daemon
run "yangplane br0 ports show"
expect 'toveth1 .* UP .*veth1'
expect 'toveth2 .* UP .*veth2'
run "yangplane br0 fdb entry show"
expect 'toveth1'

title "Everything is removed"
run "yangplane br0 del"
run_in_vain "ip netns exec ns1 ping -n -c 1 -W 1 10.0.0.2"
stop_daemon
clean_up
run "ip netns del ns1"
run "ip netns del ns2"

title "Both hosts talked through the bridge, with and without the daemon."
