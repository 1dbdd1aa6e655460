/** Parses the arguments of a tool call: coerces values whose meaning is clear, rejects others with an example. */
import { quoteValue } from '../text/ascii.ts';
import type { Fields, Values } from './fields.ts';
import { ToolError } from './tool-error.ts';

/** Accepts `waitSeconds` and `wait-seconds` for `wait_seconds`. */
const squash = (name: string): string => name.replaceAll(/[_-]/g, '').toLowerCase();

function renderExample(fields: Fields, wrong: string): string {
  const shown = Object.entries(fields).filter(([name, field]) => field.isRequired || name === wrong);
  return JSON.stringify(Object.fromEntries(shown.map(([name, { example }]) => [name, example])));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseJson(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  if (value.trim() === '') return undefined;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}

/** Arguments are an object; some hosts send it as JSON text, or wrap it in another object. */
function findObject(given: unknown, fields: Fields, tool: string): Record<string, unknown> {
  const found = parseJson(given) ?? {};
  if (!isObject(found)) {
    throw new ToolError(
      'input',
      `the arguments of ${tool} must be an object, not ${quoteValue(given)}`,
      `for example ${renderExample(fields, '')}`,
    );
  }
  const [only, ...others] = Object.keys(found);
  if (others.length > 0 || (only !== 'arguments' && only !== 'input') || only in fields) return found;
  return findObject(found[only], fields, tool);
}

/** Throws a ToolError with the argument, its value, the accepted form and an example. Notices list changed and ignored arguments. */
export function readArguments<F extends Fields>(
  tool: string,
  fields: F,
  given: unknown,
): { values: Values<F>; notices: string[] } {
  const names = Object.keys(fields);
  const values: Record<string, unknown> = {};
  const notices: string[] = [];
  const unknown: string[] = [];
  for (const [key, value] of Object.entries(findObject(given, fields, tool))) {
    const name = names.find((one) => one === key) ?? names.find((one) => squash(one) === squash(key));
    const field = name === undefined ? undefined : fields[name];
    if (name === undefined || !field) {
      if (value !== null) unknown.push(quoteValue(key));
      continue;
    }
    if (value === null || value === undefined || (value === '' && field.keepsEmpty !== true)) continue;
    const read = field.read(value);
    if (!read) {
      throw new ToolError(
        'input',
        `${name} ${quoteValue(value)} is not accepted: ${name} is ${field.accepts}`,
        `for example ${renderExample(fields, name)}`,
      );
    }
    values[name] = read.value;
    if (read.notice !== undefined) notices.push(`Note: ${name} ${read.notice}.`);
  }
  const ignored = `${unknown.slice(0, 5).join(', ')}; ${tool} takes ${names.join(', ')}`;
  for (const name of names) {
    if (fields[name]?.isRequired !== true || values[name] !== undefined) continue;
    throw new ToolError(
      'input',
      `${tool} needs ${name}${unknown.length === 0 ? '' : `, and has no argument ${ignored}`}`,
      `for example ${renderExample(fields, name)}`,
    );
  }
  if (unknown.length > 0) notices.push(`Note: ignored ${ignored}.`);
  return { values: values as Values<F>, notices };
}
