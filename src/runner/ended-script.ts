/**
 * The script for a session that is gone. For sh and bash; one group, so that a copy that was cut short ends with a syntax error.
 * `remotify new --pin` knows it by its hash: its text is the same in each session.
 */
export const endedScript =
  "{ echo 'remotify: this session has ended; ask for a new line (remotify new)' >&2; exit 1; }\n";
