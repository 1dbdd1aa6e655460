/** The exit statuses of remotify itself. `exec` and `logs -f` pass the status of the remote command through. */
export const exitCodes = {
  ok: 0,
  /** cp: a file here or on the remote could not be copied. */
  fileTrouble: 1,
  /** The command line is wrong. */
  usage: 2,
  /** The run reached its `--timeout`. */
  timedOut: 124,
  /** The operator declined. */
  declined: 126,
  /** Ctrl-C (SIGINT). */
  interrupted: 130,
  /** SIGTERM or SIGHUP: 128 + SIGTERM. */
  terminated: 143,
  /** The reader of stdout closed it: 128 + SIGPIPE, as in shells. */
  brokenPipe: 141,
  /** Relay, network, session; listener lost; cancelled by another client. */
  trouble: 255,
} as const;
