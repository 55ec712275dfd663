import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { untilExit } from "./until-exit.ts";

/** A certificate with its key: paths of PEM files. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** An authority that lives as long as the test. */
export class Authority implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "yangplane-ca-"));
  readonly #remove = untilExit(() => rmSync(this.#folder, { recursive: true, force: true }));
  readonly cert: string;
  readonly #key: string;

  constructor() {
    const { cert, key } = this.#files("ca");
    this.#openssl(`req -x509 ${newKey} -keyout ${key} -out ${cert} -days 2 -subj /CN=authority`);
    this.cert = cert;
    this.#key = key;
  }

  /** A certificate for servers at 127.0.0.1 and for clients. */
  issue(name: string): Certificate {
    const files = this.#files(name);
    const request = join(this.#folder, `${name}.csr`);
    const extensions = join(this.#folder, `${name}.ext`);
    writeFileSync(extensions, "subjectAltName=IP:127.0.0.1,DNS:localhost\n");
    this.#openssl(`req ${newKey} -keyout ${files.key} -out ${request} -subj /O=test/CN=${name}`);
    const signing = `-CA ${this.cert} -CAkey ${this.#key} -CAcreateserial -days 2`;
    this.#openssl(`x509 -req -in ${request} ${signing} -extfile ${extensions} -out ${files.cert}`);
    return files;
  }

  pem(): Buffer {
    return readFileSync(this.cert);
  }

  #files(name: string): Certificate {
    return { cert: join(this.#folder, `${name}.pem`), key: join(this.#folder, `${name}.key`) };
  }

  #openssl(line: string): void {
    execFileSync("openssl", line.split(" "), { stdio: ["ignore", "ignore", "pipe"] });
  }

  [Symbol.dispose](): void {
    this.#remove[Symbol.dispose]();
  }
}

const newKey = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
