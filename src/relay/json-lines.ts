/** Writes log lines as JSON, one object each, in ASCII, so that no text in them can control a terminal. */
import { pino } from 'pino';
import { toAscii } from '../text/ascii.ts';

export type Level = 'info' | 'error';

/** `parts` become fields next to `msg`; an event of another time than now has its own `time` there. */
export type WriteJsonLine = (msg: string | undefined, parts?: Record<string, unknown>, level?: Level) => void;

export function createJsonLines(write: (line: string) => void): WriteJsonLine {
  const logger = pino(
    {
      base: null,
      // The caller sets the time, since an event may have its own.
      timestamp: false,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => write(`${toAscii(line.trimEnd())}\n`) },
  );
  return (msg, parts = {}, level = 'info') => {
    logger[level]({ time: new Date().toISOString(), ...parts }, msg);
  };
}
