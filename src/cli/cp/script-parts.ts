/** Shell code and markers that the scripts of uploads and downloads share. */

/** The prefix of the script's own lines on stderr. */
export const statusPrefix = 'remotify-cp ';

/** Length of the first half of a transfer's id, which identifies sources and target. The rest identifies their content. */
export const groupLength = 8;

/** The second line of each script, by which the next attempt finds the command of a transfer that was cut. */
export function transferLine(id: string, from: number): string {
  return `# transfer ${id}, from byte ${from}`;
}

const linePattern = /^# transfer ([0-9a-f]{16}), from byte (\d{1,15})$/m;

/** Reads the transfer that a command belongs to from the beginning of its script. */
export function readTransferLine(text: string | null): { id: string; from: number } | undefined {
  const match = linePattern.exec(text ?? '');
  return match ? { id: match[1] ?? '', from: Number(match[2]) } : undefined;
}

/**
 * Status lines, failures, and SHA-256 by the first tool that succeeds, the fastest first: openssl uses the processor's instructions for it.
 * Without any of the three tools the hash is empty.
 */
export const sharedFunctions = `failed=0 newline=$'\\n'
say() { printf 'remotify-cp %s\\n' "\${*//$newline/ }" >&2; }
fail() { say "failed $*" && failed=1; }
stop() { say "stopped $*" && exit 1; }
digest() { { openssl dgst -sha256 || sha256sum || shasum -a 256 || cat >/dev/null; } 2>/dev/null | head -c 200; }
`;
