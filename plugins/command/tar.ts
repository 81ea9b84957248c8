const BLOCK = 512;
const LONGEST_NAME = 100;

/** The header of a regular file with mode 0600 and no times or owners: what a reproducible hash is taken over. */
export function tarHeader(name: string, size: number): Buffer {
  if (Buffer.byteLength(name) > LONGEST_NAME || /[^\x20-\x7e]/.test(name)) {
    throw new Error(`archivePaths: "${name}" is longer than ${LONGEST_NAME} characters or not ASCII.`);
  }
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, offset: number, length: number): void => {
    header.write(`${value.toString(8).padStart(length - 1, "0")}\0`, offset, "latin1");
  };
  header.write(name, 0, "latin1");
  octal(0o600, 100, 8);
  octal(0, 108, 8); // owner
  octal(0, 116, 8); // group
  octal(size, 124, 12);
  octal(0, 136, 12); // time of change
  header.fill(" ", 148, 156); // The checksum counts itself as blanks.
  header.write("0", 156, "latin1"); // regular file
  header.write("ustar\0" + "00", 257, "latin1");
  octal(0, 329, 8); // device
  octal(0, 337, 8);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return header;
}

export function tarPadding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}

export function tarTrailer(): Buffer {
  return Buffer.alloc(2 * BLOCK);
}
