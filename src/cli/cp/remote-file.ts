/** Parses the status line in which the script describes a file of the remote. */

export interface RemoteFile {
  /** Its index among the sources. */
  index: number;
  size: number;
  mode: number;
  /** Seconds since 1970; undefined where the remote has no stat. */
  time: number | undefined;
}

/** `file 0 123 644 1700000000 2023-11-14 22:13:20.123456789 +0000`, or with the stat of macOS `file 0 123 644 1700000000.123456789`. */
const pattern =
  /^file (\d{1,7}) (\d{1,15})(?![^ ])(?: ([0-7]{1,5}) (-?\d{1,12}(?:\.\d{1,9})?)(?: .*?:\d\d(\.\d{1,9}))?)?/;

/** Undefined for any other line, and for an index that no source has. */
export function parseFile(line: string, sources: number): RemoteFile | undefined {
  const match = pattern.exec(line);
  if (!match || Number(match[1]) >= sources) return undefined;
  const [, index, size, mode, seconds, fraction] = match;
  return {
    index: Number(index),
    size: Number(size),
    mode: Number.parseInt(mode ?? '644', 8),
    time: seconds === undefined ? undefined : Number(seconds) + Number(fraction ?? 0),
  };
}
