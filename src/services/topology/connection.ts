import { type HostContext, type OperationResult, refuse, type ServiceEdit } from "../service.ts";
import { type End, endOf } from "./end.ts";

interface Connection {
  readonly peer1: string;
  readonly peer2: string;
}

/** Each side that is a port gets the other for its peer; one that has a peer keeps it. */
export function connect(input: object, host: HostContext): OperationResult {
  const [one, other] = endsOf("connect", input as Connection, host);
  const edits = sides(one, other).map(([port, peer]): ServiceEdit => {
    if (port.peer !== undefined) {
      const message = `${port.text} is connected to ${port.peer}: disconnect it first`;
      throw refuse("in-use", leaf("connect", port === one ? "peer1" : "peer2"), message);
    }
    return { at: [...port.ref, "peer"], operation: "merge", value: peer.text };
  });
  return { output: {}, edits };
}

/** Whichever side names the other stops doing so. */
export function disconnect(input: object, host: HostContext): OperationResult {
  const [one, other] = endsOf("disconnect", input as Connection, host);
  const joined = sides(one, other).filter(([port, peer]) => port.peer === peer.text);
  if (joined.length === 0) {
    const message = `${one.text} and ${other.text} are not connected`;
    throw refuse("data-missing", leaf("disconnect", "peer2"), message);
  }
  return {
    output: {},
    edits: joined.map(([port]) => ({ at: [...port.ref, "peer"], operation: "delete" })),
  };
}

type Operation = "connect" | "disconnect";

function endsOf(
  operation: Operation,
  { peer1, peer2 }: Connection,
  host: HostContext,
): readonly [End, End] {
  const one = endOf(host, peer1, leaf(operation, "peer1"));
  const other = endOf(host, peer2, leaf(operation, "peer2"));
  if (one.kind === "device" && other.kind === "device") {
    const message = `${one.text} and ${other.text} are devices: one side is a port, as cube:port`;
    throw refuse("invalid-value", leaf(operation, "peer2"), message);
  }
  return [one, other];
}

/** The sides that are ports, each with the other side. */
function sides(one: End, other: End): (readonly [port: End, peer: End])[] {
  return (
    [
      [one, other],
      [other, one],
    ] as const
  ).filter(([{ kind }]) => kind === "port");
}

function leaf(operation: Operation, name: keyof Connection): string {
  return `/topology:${operation}/${name}`;
}
