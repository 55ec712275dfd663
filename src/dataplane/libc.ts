import koffi, { type LibraryHandle } from "koffi";

/** Memory outside of V8's heap, by address. */
export type Pointer = bigint;

interface Libc {
  close(fd: number): number;
  flock(fd: number, operation: number): number;
  free(pointer: Pointer): void;
  pageSize(): number;
  memcpy(to: Pointer, from: Uint8Array, length: number): Pointer;
  mmap(
    address: null,
    length: number,
    protection: number,
    flags: number,
    fd: number,
    offset: number,
  ): Pointer | null;
  munmap(address: Pointer, length: number): number;
  mount(source: string, target: string, type: string, flags: number, data: null): number;
  /** syscall(2) as bpf(2) wants it. */
  bpf(number: number, command: number, attributes: Uint8Array, size: number): number;
  /** syscall(2) as membarrier(2) wants it. */
  membarrier(number: number, command: number, flags: number, cpu: number): number;
  ifIndexToName(ifindex: number, name: Uint8Array): Pointer | null;
  vasprintf(text: [Pointer | null], format: string, arguments_: Pointer): number;
  socket(family: number, type: number, protocol: number): number;
  bind(fd: number, address: Uint8Array, length: number): number;
  setsockopt(fd: number, level: number, name: number, value: Uint8Array, length: number): number;
  send(fd: number, message: Uint8Array, length: number, flags: number): number;
  recv(fd: number, buffer: Uint8Array, length: number, flags: number): number;
}

let bound: Libc | undefined;

/** The C library, loaded at first use: `--dataplane memory` needs none of it. */
export function libc(): Libc {
  bound ??= bind(koffi.load("libc.so.6"));
  return bound;
}

/** errno of the last call that failed; read it before any other call. */
export function lastErrno(): number {
  return koffi.errno();
}

function bind(library: LibraryHandle): Libc {
  const func = (definition: string) => library.func(definition);
  return {
    close: func("int close(int fd)"),
    flock: func("int flock(int fd, int operation)"),
    free: func("void free(void *pointer)"),
    pageSize: func("int getpagesize(void)"),
    memcpy: func("void *memcpy(void *to, const void *from, size_t length)"),
    mmap: func("void *mmap(void *address, size_t length, int protection, int flags, int, int64_t)"),
    munmap: func("int munmap(void *address, size_t length)"),
    mount: func("int mount(const char *, const char *, const char *, unsigned long, const void *)"),
    bpf: func("long syscall(long number, long command, void *attributes, long size)"),
    membarrier: func("long syscall(long number, long command, long flags, long cpu)"),
    ifIndexToName: func("void *if_indextoname(unsigned int ifindex, void *name)"),
    vasprintf: func("int vasprintf(_Out_ void **text, const char *format, void *arguments)"),
    socket: func("int socket(int family, int type, int protocol)"),
    bind: func("int bind(int fd, const void *address, unsigned int length)"),
    setsockopt: func("int setsockopt(int, int, int, const void *value, unsigned int length)"),
    send: func("int64_t send(int fd, const void *message, size_t length, int flags)"),
    recv: func("int64_t recv(int fd, void *buffer, size_t length, int flags)"),
  };
}
