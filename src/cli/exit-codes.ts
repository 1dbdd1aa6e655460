/** What the exit status of remotify itself means. `exec` and `logs -f` pass the remote's own through. */
export const exitCodes = {
  ok: 0,
  /** cp: a file here or on the remote could not be copied. */
  fileTrouble: 1,
  /** The words on the command line. */
  usage: 2,
  /** The run reached its `--timeout`. */
  timedOut: 124,
  /** The operator said no. */
  declined: 126,
  /** Ctrl-C (SIGINT). */
  interrupted: 130,
  /** SIGTERM or SIGHUP: 128 + SIGTERM. */
  terminated: 143,
  /** The reader of our stdout went away: 128 + SIGPIPE, as shells have it. */
  brokenPipe: 141,
  /** Relay, network, session; listener lost; cancelled by someone else. */
  trouble: 255,
} as const;
