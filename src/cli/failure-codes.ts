/** What `--json` calls a failure of remotify itself. Refusals of a relay keep the relay's own code (protocol/errors.ts). */
export const failureCodes = {
  usage: 'the command line is not understood',
  settings: 'the settings cannot be read or written',
  no_session: 'no session was named, and none is current',
  no_such_session: 'no stored session has that name, or the key is malformed',
  no_listener: 'no listener connected in time',
  listener_busy: 'the listener is running another command, or the queue was not through in time',
  not_approved: 'the operator did not answer in time',
  declined: 'the operator declined',
  expired: 'the command did not start in time',
  timed_out: 'the run was longer than its timeout',
  cancelled: 'another client cancelled the command before it started',
  lost: 'the listener went away: the outcome is unknown',
  output_missing: 'the output is not complete',
  interrupted: 'a signal ended this client',
  no_such_command: 'the session has no such command',
  not_supported: 'a legacy relay cannot do this',
  unreachable: 'the relay cannot be reached',
  not_a_relay: 'a server answered that is not a relay',
  moved: 'the relay has moved',
  refused: 'the relay refused the request',
  file: 'a local file cannot be read or written',
  internal: 'a bug in remotify',
} as const;

export type FailureCode = keyof typeof failureCodes;
