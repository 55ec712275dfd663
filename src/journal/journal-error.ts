export type JournalErrorCode =
  /** Another process holds the directory. */
  | "locked"
  /** Too many records or bytes wait for the disk; nothing was queued. */
  | "queue-full"
  | "record-too-large"
  /** Writes are refused since an earlier failure (the cause); `recover` ends this. */
  | "failed"
  | "closed"
  /** ENOSPC, EDQUOT. */
  | "no-space"
  /** EACCES, EPERM, EROFS. */
  | "permission"
  /** Others have removed, replaced or cut the log or its directory meanwhile. */
  | "displaced"
  /** Any other refusal of the operating system. */
  | "io"
  /** Written by a newer version; left untouched. */
  | "unsupported-version"
  /** Neither a snapshot nor the log from its beginning can be read: starting empty would lie. */
  | "no-good-state";

/** Why the journal could not do what was asked, and with which file. */
export class JournalError extends Error {
  override readonly name = "JournalError";
  readonly code: JournalErrorCode;
  readonly path: string;

  constructor(code: JournalErrorCode, path: string, message: string, options?: ErrorOptions) {
    super(`${path}: ${message}`, options);
    this.code = code;
    this.path = path;
  }

  /** What an operating system's refusal means; a JournalError stays as it is. */
  static from(cause: unknown, path: string): JournalError {
    if (cause instanceof JournalError) return cause;
    const message = cause instanceof Error ? cause.message : String(cause);
    return new JournalError(codes.get(errno(cause)) ?? "io", path, message, { cause });
  }
}

const codes: ReadonlyMap<unknown, JournalErrorCode> = new Map<unknown, JournalErrorCode>([
  ["ENOSPC", "no-space"],
  ["EDQUOT", "no-space"],
  ["EACCES", "permission"],
  ["EPERM", "permission"],
  ["EROFS", "permission"],
]);

/** The `code` of a Node system error. */
export function errno(cause: unknown): unknown {
  return cause instanceof Error && "code" in cause ? cause.code : undefined;
}
