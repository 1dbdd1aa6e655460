/** What the scripts of both directions share. */

/** The prefix of the script's own lines on stderr. */
export const statusPrefix = 'remotify-cp ';

/** The beginning of a transfer's name: which sources go where. The rest says what is in them. */
export const groupLength = 8;

/** The second line of each script: by it a transfer that was cut is found again. */
export function transferLine(id: string, from: number): string {
  return `# transfer ${id}, from byte ${from}`;
}

const linePattern = /^# transfer ([0-9a-f]{16}), from byte (\d{1,15})$/m;

/** The transfer that a command belongs to, by the beginning of its script. */
export function readTransferLine(text: string | null): { id: string; from: number } | undefined {
  const match = linePattern.exec(text ?? '');
  return match ? { id: match[1] ?? '', from: Number(match[2]) } : undefined;
}

/**
 * Status lines, failures, and SHA-256 by what is there, the fastest first: openssl has the instructions of the processor for it. Without any
 * of the three it stays empty.
 */
export const sharedFunctions = `failed=0 newline=$'\\n'
say() { printf 'remotify-cp %s\\n' "\${*//$newline/ }" >&2; }
fail() { say "failed $*" && failed=1; }
stop() { say "stopped $*" && exit 1; }
digest() { { openssl dgst -sha256 || sha256sum || shasum -a 256 || cat >/dev/null; } 2>/dev/null | head -c 200; }
`;
