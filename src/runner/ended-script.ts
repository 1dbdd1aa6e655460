/**
 * The script that the relay serves for an ended session. It runs in sh and bash; one group, so that a truncated copy ends with a syntax
 * error. `remotify new --pin` recognises it by its hash, so its text must be the same for every session.
 */
export const endedScript =
  "{ echo 'remotify: this session has ended; ask for a new line (remotify new)' >&2; exit 1; }\n";
