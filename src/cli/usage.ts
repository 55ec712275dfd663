/** How to use the program, without a daemon: at most 80 columns. */
export const usage = `\
usage: yangplane [plan] <service|cube> [node|key …] <command> [name=value …]
       where the command is add, show, set or del
       yangplane <cube> <node …> <action> [name=value …]
       yangplane connect|disconnect <cube:port> <device|cube:port>
       yangplane attach|detach <cube> <cube:port|device>
       yangplane trace <cube:port|device> [name=value …]
       yangplane topology|cubes|services|netdevs|verify|version
       yangplane cleanup [--pin-dir DIR] [--state-dir DIR]

  yangplane simplebridge add br0          create a cube
  yangplane br0 ports add p1 peer=veth1   give it a port
  yangplane br0 show                      print it
  yangplane plan br0 ports del p1         print what a change would write
  yangplane simplebridge add < all.yaml   create many, from JSON or YAML
  yangplane ?                             what there is
  yangplane br0 ports ?                   what can follow; also with --help

flags
  -json -yaml -brief -normal -verbose     how to print
  -hide=a,b.c                             what to leave out
  --plan                                  as the word plan
  --all                                   del: all there is, not one
  --repair                                verify: mend what differs
  -                                       wait for a body on standard input
  --                                      only nodes and keys follow
  --socket PATH                           where the daemon listens, else
                                          YANGPLANE_SOCKET
  --help --version

exit status: 0 done, 1 refused by the daemon, 2 wrong command line, 3 no daemon,
4 output not written`;
