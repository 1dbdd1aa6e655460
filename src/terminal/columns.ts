/** The width of a terminal. */
import type { OutputStream } from './io.ts';

/** COLUMNS, if it is a number of columns. */
export function readColumns(variables: Readonly<Record<string, string | undefined>>): number | undefined {
  const columns = /^\d{1,5}$/.test(variables['COLUMNS'] ?? '') ? Number(variables['COLUMNS']) : 0;
  return columns > 0 ? columns : undefined;
}

/** The width of a terminal: COLUMNS, else what the system says. Undefined off a terminal, and where it is unknown. */
export function findColumns(
  stream: OutputStream,
  variables: Readonly<Record<string, string | undefined>>,
): number | undefined {
  if (stream.isTTY !== true) return undefined;
  const columns = readColumns(variables) ?? stream.columns ?? 0;
  return columns > 0 ? columns : undefined;
}
