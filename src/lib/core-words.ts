/**
 * Words with which a command line may begin that are no service and no cube: a service of such a
 * name could not be reached. Those of Polycube that are not offered yet are kept free.
 */
export const coreWords: ReadonlySet<string> = new Set([
  ...["add", "del", "set", "show", "plan", "help", "version"],
  ...["connect", "disconnect", "attach", "detach"],
  ...["cubes", "services", "netdevs", "topology", "trace", "verify", "cleanup"],
]);
