import { closeSync, fstatSync, mkdirSync, openSync, statSync, type Stats, writeSync } from "node:fs";
import ssh2, { type Attributes, type SFTPWrapper } from "ssh2";

const { STATUS_CODE, flagsToString } = { ...ssh2.utils.sftp };

/** The part of an SFTP server that uploads need, on the real file system. */
export function serveSftp(sftp: SFTPWrapper): void {
  const attempt = (request: number, work: () => void): void => {
    try {
      work();
    } catch (error) {
      const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
      sftp.status(request, missing ? STATUS_CODE.NO_SUCH_FILE : STATUS_CODE.FAILURE, (error as Error).message);
    }
  };
  const handle = (fd: number): Buffer => {
    const buffer = Buffer.alloc(4);
    buffer.writeUInt32BE(fd);
    return buffer;
  };
  sftp.on("OPEN", (request, path, flags) => {
    attempt(request, () => {
      sftp.handle(request, handle(openSync(path, flagsToString(flags) ?? "r", 0o644)));
    });
  });
  sftp.on("WRITE", (request, file, offset, data) => {
    attempt(request, () => {
      writeSync(file.readUInt32BE(0), data, 0, data.length, offset);
      sftp.status(request, STATUS_CODE.OK);
    });
  });
  sftp.on("CLOSE", (request, file) => {
    attempt(request, () => {
      closeSync(file.readUInt32BE(0));
      sftp.status(request, STATUS_CODE.OK);
    });
  });
  for (const event of ["STAT", "LSTAT"] as const) {
    sftp.on(event, (request: number, path: string) => {
      attempt(request, () => {
        sftp.attrs(request, attributes(statSync(path)));
      });
    });
  }
  sftp.on("FSTAT", (request, file) => {
    attempt(request, () => {
      sftp.attrs(request, attributes(fstatSync(file.readUInt32BE(0))));
    });
  });
  for (const event of ["SETSTAT", "FSETSTAT"] as const) {
    sftp.on(event, (request: number) => {
      sftp.status(request, STATUS_CODE.OK);
    });
  }
  sftp.on("MKDIR", (request, path) => {
    attempt(request, () => {
      mkdirSync(path);
      sftp.status(request, STATUS_CODE.OK);
    });
  });
}

function attributes({ mode, uid, gid, size, atimeMs, mtimeMs }: Stats): Attributes {
  return { mode, uid, gid, size, atime: Math.floor(atimeMs / 1000), mtime: Math.floor(mtimeMs / 1000) };
}
