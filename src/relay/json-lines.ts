/** Lines for a program: one JSON object each, in ASCII, so that no word in them acts on a terminal. */
import { pino } from 'pino';
import { toAscii } from '../text/ascii.ts';

export type Level = 'info' | 'error';

/** `parts` go beside `msg`; what happened at another time than now says so in its `time`. */
export type WriteJsonLine = (msg: string | undefined, parts?: Record<string, unknown>, level?: Level) => void;

export function createJsonLines(write: (line: string) => void): WriteJsonLine {
  const logger = pino(
    {
      base: null,
      // An event has its own time.
      timestamp: false,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => write(`${toAscii(line.trimEnd())}\n`) },
  );
  return (msg, parts = {}, level = 'info') => {
    logger[level]({ time: new Date().toISOString(), ...parts }, msg);
  };
}
