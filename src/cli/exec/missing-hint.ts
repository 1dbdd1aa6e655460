/** The hint for a command whose output is incomplete. */
export const missingHint =
  'write large output to a file on the remote; if a quota of the relay was reached, raise --session-quota and --address-quota';
