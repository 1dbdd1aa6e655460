/** Errors of the local file system in words. */

const words: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  ENOTDIR: 'a part of the path is no folder',
  EISDIR: 'is a folder',
  ELOOP: 'too many symbolic links',
  ENOSPC: 'no space left',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the file system is read-only',
  ENAMETOOLONG: 'the name is too long',
  EMFILE: 'too many open files',
  EIO: 'the disk does not work',
  EFBIG: 'the file is too large',
};

export function describeFileError(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code in words) return `${words[code] ?? ''} (${code})`;
  return code === '' ? 'cannot be read or written' : `cannot be read or written (${code})`;
}
