import { forFile } from './for-file.ts';
import { type Relay, type RelayOptions, startRelay } from './relay-process.ts';

/** A relay for all tests of a file or of a `describe`. */
export const useRelay = (options: RelayOptions = {}): Relay =>
  forFile('the relay', () => startRelay(options));
