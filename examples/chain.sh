#!/usr/bin/env bash
# A chain of three services between two hosts: a frame from ns1 passes th0, hw0 and br0. One of them
# is told to drop, and to pass again; the daemon is killed. Exits 0 only if all of this was seen.
. "$(dirname "$0")/scene.sh"

cat <<'PICTURE'

   ns1 10.0.0.1                                                 ns2 10.0.0.2
  ┌────────────┐       ┌───────────┐       ┌────────────┐       ┌────────────┐
  │    eth0    ├─[th0]─┤ a  hw0  b ├───────┤ p1 br0  p2 ├───────┤    eth0    │
  └────────────┘ veth1 └───────────┘       └────────────┘ veth2 └────────────┘
     namespace           helloworld         simplebridge          namespace

  th0 is a transparenthelloworld, attached to the port hw0:a

PICTURE

title "Two hosts, each with a cable that ends here"
make_host ns1 veth1 10.0.0.1/24
make_host ns2 veth2 10.0.0.2/24
start_daemon

title "The chain"
run "yangplane helloworld add hw0 action=FORWARD"
run "yangplane hw0 ports add a peer=veth1"
run "yangplane hw0 ports add b"
run "yangplane simplebridge add br0"
run "yangplane br0 ports add p1"
run "yangplane br0 ports add p2 peer=veth2"
run "yangplane connect hw0:b br0:p1"
run "yangplane transparenthelloworld add th0"
run "yangplane attach th0 hw0:a"
run "yangplane topology"
expect 'hw0'
expect 'th0'

title "Packets pass all three"
ping_passes ns1 10.0.0.2

title "One in the middle drops, and passes again"
run "yangplane th0 set ingress-action=DROP"
run_in_vain "ip netns exec ns1 ping -n -c 2 -i 0.2 -W 1 10.0.0.2"
expect '100% packet loss'
run "yangplane th0 set ingress-action=PASS"
ping_passes ns1 10.0.0.2

title "The same over gRPC"
run "grpcurl -plaintext -unix -d '{\"helloworld\": {\"name\": \"hw0\", \"action\": \"ACTION_DROP\"}}' $S \\
    yangplane.helloworld.v1.HelloworldService/UpdateHelloworld"
run_in_vain "ip netns exec ns2 ping -n -c 2 -i 0.2 -W 1 10.0.0.1"
run "yangplane hw0 set action=FORWARD"

title "The daemon dies, the chain does not"
kill_daemon
ping_passes ns2 10.0.0.1
start_daemon
run "yangplane topology"
expect 'th0'
ping_passes ns1 10.0.0.2

title "Everything is removed"
run "yangplane detach th0 hw0:a"
run "yangplane disconnect hw0:b br0:p1"
run "yangplane th0 del"
run "yangplane hw0 del"
run "yangplane br0 del"
run_in_vain "ip netns exec ns1 ping -n -c 1 -W 1 10.0.0.2"
stop_daemon
clean_up
run "ip netns del ns1"
run "ip netns del ns2"

title "Packets passed a chain of three services, with and without the daemon."
