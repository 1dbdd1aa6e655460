/** Finds the width of a terminal. */
import type { OutputStream } from './io.ts';

/** COLUMNS, if it is a positive number. */
export function readColumns(variables: Readonly<Record<string, string | undefined>>): number | undefined {
  const columns = /^\d{1,5}$/.test(variables['COLUMNS'] ?? '') ? Number(variables['COLUMNS']) : 0;
  return columns > 0 ? columns : undefined;
}

/** COLUMNS, else the width that the system reports. Undefined if the stream is no terminal, or if the width is unknown. */
export function findColumns(
  stream: OutputStream,
  variables: Readonly<Record<string, string | undefined>>,
): number | undefined {
  if (stream.isTTY !== true) return undefined;
  const columns = readColumns(variables) ?? stream.columns ?? 0;
  return columns > 0 ? columns : undefined;
}
