import type { Server } from "node:http";
import type { Socket } from "node:net";

/**
 * Keeps the connections of a server to a number. One more takes the place of one without a request
 * that is whole: first of all one that never had any, then one that has had its answer; so who
 * keeps connections open does not keep others out. Where all are being answered, it is closed.
 */
export function limitConnections(server: Server, most: number): void {
  const silent = new Set<Socket>();
  const answered = new Set<Socket>();
  const busy = new Set<Socket>();
  const move = (socket: Socket, to?: Set<Socket>): void => {
    for (const set of [silent, answered, busy]) set.delete(socket);
    to?.add(socket);
  };
  server.on("connection", (socket: Socket) => {
    silent.add(socket);
    socket.once("close", () => move(socket));
    if (silent.size + answered.size + busy.size <= most) return;
    // Sets are in order of arrival: the oldest goes.
    const [victim = socket] = silent.size > 1 ? silent : answered;
    move(victim);
    victim.destroy();
  });
  server.on("request", ({ socket }, response) => {
    move(socket, busy);
    response.once("close", () => {
      if (busy.has(socket)) move(socket, answered);
    });
  });
}
