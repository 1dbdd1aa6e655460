/** Explains why a file or folder cannot be used: words, then the system's error code. */
const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  ENOTDIR: 'part of the path is not a folder',
  EEXIST: 'a file with this name already exists',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  EISDIR: 'it is a folder',
  ELOOP: 'its symbolic links form a loop',
  ENAMETOOLONG: 'its name is too long',
  ENOSPC: 'no space left on the device',
  EDQUOT: 'the disk quota is used up',
  EMFILE: 'too many open files',
  ENFILE: 'too many open files',
  EIO: 'the device failed',
  EBUSY: 'it is in use',
  EFBIG: 'it is larger than the limit for files',
};

/** `permission denied (EACCES)`; a code without words here gets general ones. */
export function describeFileError(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  return `${reasons[code] ?? 'the system reports an error'} (${code})`;
}
