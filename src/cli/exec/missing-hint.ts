/** The hint for a command whose output is incomplete. */
export const missingHint =
  'raise --session-quota and --address-quota of the relay, or write large output to a file on the remote';
