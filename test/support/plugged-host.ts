import { uniqueName } from "./kernel.ts";
import { ip, type Namespace, namespace } from "./network.ts";

/** A host on a cable that can be cut off and put back. */
export class PluggedHost implements Disposable {
  /** The end of the cable that is here. */
  readonly device = uniqueName("d");
  readonly address: string;
  readonly #namespace: Namespace = namespace();

  constructor(address: string) {
    this.address = address;
    this.plugIn();
  }

  plugIn(): void {
    const { name } = this.#namespace;
    ip(`link add ${this.device} type veth peer name eth0 netns ${name}`);
    // The same station again: others have its address in their caches.
    const tail = Number(this.address.split(".").at(-1));
    ip(`-n ${name} link set eth0 address 02:00:00:00:00:0${tail}`);
    ip(`-n ${name} address add ${this.address}/24 dev eth0`);
    ip(`-n ${name} link set eth0 up`);
    ip(`link set ${this.device} up`);
  }

  cutOff(): void {
    ip(`link delete ${this.device}`);
  }

  /** Throws if no answer comes for some seconds. */
  ping({ address }: { readonly address: string }): void {
    this.run("ping", "-c", "1", "-w", "8", address);
  }

  run(command: string, ...options: readonly string[]): string {
    return this.#namespace.run(command, ...options);
  }

  [Symbol.dispose](): void {
    this.#namespace[Symbol.dispose]();
  }
}
