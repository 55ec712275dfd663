import { BtfError } from "./btf.ts";

/** Offsets in Elf64_Ehdr and Elf64_Shdr (System V ABI, ELF-64), as far as they are read. */
const magic = 0x464c457f;
const class64LittleEndian = 0x0102;
const headerSize = 64;
const sectionHeaderSize = 64;

interface Section {
  readonly name: number;
  readonly offset: number;
  readonly size: number;
}

/** A section of an object that clang compiled, undefined where there is none of the name. */
export function elfSection(object: Uint8Array, name: string): Uint8Array | undefined {
  const view = new DataView(object.buffer, object.byteOffset, object.length);
  if (object.length < headerSize || view.getUint32(0, true) !== magic) {
    throw new BtfError("no ELF file");
  }
  if (view.getUint16(4, true) !== class64LittleEndian) {
    throw new BtfError("no 64-bit little-endian ELF file");
  }
  const sections = sectionsOf(view);
  const names = sections[view.getUint16(62, true)];
  if (names === undefined) throw new BtfError("an ELF file without names of sections");
  const texts = bytesOf(object, names);
  const found = sections.find((section) => textAt(texts, section.name) === name);
  return found && bytesOf(object, found);
}

function sectionsOf(view: DataView): Section[] {
  const start = Number(view.getBigUint64(40, true));
  const count = view.getUint16(60, true);
  if (start + count * sectionHeaderSize > view.byteLength) throw cut();
  return Array.from({ length: count }, (_, index) => {
    const at = start + index * sectionHeaderSize;
    return {
      name: view.getUint32(at, true),
      offset: Number(view.getBigUint64(at + 24, true)),
      size: Number(view.getBigUint64(at + 32, true)),
    };
  });
}

function bytesOf(object: Uint8Array, { offset, size }: Section): Uint8Array {
  if (offset + size > object.length) throw cut();
  return object.subarray(offset, offset + size);
}

function cut(): BtfError {
  return new BtfError("an ELF file that ends too early");
}

/** The text that ends with the next zero. */
export function textAt(texts: Uint8Array, offset: number): string {
  const end = texts.indexOf(0, offset);
  if (end < 0) throw new BtfError(`no text at ${offset}`);
  return Buffer.from(texts.subarray(offset, end)).toString("latin1");
}
