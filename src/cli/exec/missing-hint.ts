/** What to do where output of a command is missing. */
export const missingHint =
  'raise --session-quota and --address-quota of the relay, or write large output to a file on the remote';
