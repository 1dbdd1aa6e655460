import { forFile } from './for-file.ts';
import { type Remote, startRemote } from './remote.ts';

/** A client and its listener, which does not ask, for all tests of a file or of a `describe`. */
export const useRemote = (relay: { url: string }): Remote => forFile('the remote', () => startRemote(relay));
