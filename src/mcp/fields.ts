/** Types of tool arguments: their JSON schemas, and lenient parsing of the values that hosts actually send. */

/** Undefined: the value is not accepted. `notice` describes a change to the value. */
export type ReadValue<T> = { value: T; notice?: string } | undefined;

export interface Schema {
  [word: string]: string | string[];
}

export interface Field<T, Required extends boolean = boolean> {
  isRequired: Required;
  /** Sent to hosts, which show it to models. */
  schema: Schema;
  /** What the field accepts, for the error message. */
  accepts: string;
  example: unknown;
  /** An empty string is a value, not an omitted argument. */
  keepsEmpty?: boolean;
  /** `value` is neither null nor undefined. */
  read(value: unknown): ReadValue<T>;
}

export type Fields = Readonly<Record<string, Field<unknown>>>;

/** The arguments as a tool receives them: an omitted argument is undefined. */
export type Values<F extends Fields> = {
  [Name in keyof F]: F[Name] extends Field<infer T, infer Required>
    ? Required extends true
      ? T
      : T | undefined
    : never;
};

type TextOptions = { accepts?: string; example?: string; keepsEmpty?: boolean; readList?: ListReader };
type ListReader = (words: readonly string[]) => string;

function readText(value: unknown, readList: ListReader | undefined): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (!readList || !Array.isArray(value) || value.length === 0) return undefined;
  return value.every((word) => typeof word === 'string') ? readList(value) : undefined;
}

/** UTF-8 cannot encode an unpaired surrogate: a replacement character would be sent instead. */
const hasLoneSurrogate = (value: string): boolean => /\p{Surrogate}/u.test(value);

/** Omits an empty description: the name is clear enough, or another tool describes the argument. */
function describe(type: string, description: string): Schema {
  return description === '' ? { type } : { type, description };
}

export function text<R extends boolean>(
  isRequired: R,
  description: string,
  {
    accepts = 'text without NUL bytes or unpaired surrogates',
    example = '',
    keepsEmpty = false,
    readList,
  }: TextOptions = {},
): Field<string, R> {
  return {
    isRequired,
    schema: describe('string', description),
    accepts,
    example,
    keepsEmpty,
    read: (given) => {
      const value = readText(given, readList);
      return value === undefined || value.includes('\0') || hasLoneSurrogate(value) ? undefined : { value };
    },
  };
}

const secondsPer: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Hosts also send numbers as text. A duration may have a unit: `30s`, `5m`. */
function readNumber(value: unknown, isDuration: boolean): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value !== 'string') return undefined;
  const match = /^(-?\d{1,15}(?:\.\d{1,15})?)\s?([a-z]*)$/i.exec(value.trim());
  const unit = match?.[2]?.toLowerCase() ?? '';
  if (!match || (unit !== '' && !isDuration)) return undefined;
  const factor = unit === '' ? 1 : secondsPer[unit];
  return factor === undefined ? undefined : Number(match[1]) * factor;
}

interface NumberOptions {
  min: number;
  max: number;
  isDuration?: boolean;
  /** Fractions are rounded this way. */
  round?: (value: number) => number;
  /** A value below `min` becomes `min`; otherwise it is not accepted. */
  raises?: boolean;
  /** 0 counts as omitted: some hosts fill in every argument. */
  zeroIsAbsent?: boolean;
  example: number;
}

export function number(description: string, options: NumberOptions): Field<number | undefined, false> {
  const { min, max, isDuration = false, round = (value) => value, raises = false, example } = options;
  return {
    isRequired: false,
    schema: describe('number', description),
    accepts: `a number from ${min} to ${max}${isDuration ? ' (seconds)' : ''}`,
    example,
    read: (given) => {
      const found = readNumber(given, isDuration);
      if (found === undefined) return undefined;
      if (found === 0 && options.zeroIsAbsent === true) return { value: undefined };
      const rounded = round(found);
      if (rounded < min && !raises) return undefined;
      const value = Math.min(max, Math.max(min, rounded));
      return value === found ? { value } : { value, notice: `${found} was changed to ${value}` };
    },
  };
}

export function flag(description: string): Field<boolean, false> {
  return {
    isRequired: false,
    schema: describe('boolean', description),
    accepts: 'true or false',
    example: true,
    read: (given) => {
      const word = String(given).trim().toLowerCase();
      if (['true', '1', 'yes', 'on'].includes(word)) return { value: true };
      return ['false', '0', 'no', 'off'].includes(word) ? { value: false } : undefined;
    },
  };
}

/** One of a few words; `aliases` are other ways to write them. */
export function choice<T extends string>(
  words: readonly T[],
  description = '',
  aliases: Readonly<Record<string, T>> = {},
): Field<T, false> {
  return {
    isRequired: false,
    schema: { ...describe('string', description), enum: [...words] },
    accepts: words.join(' or '),
    example: words[0],
    read: (given) => {
      const word = String(given).trim().toLowerCase();
      const value = words.find((one) => one.toLowerCase() === word) ?? aliases[word];
      return value === undefined ? undefined : { value };
    },
  };
}

/** Text that must match a pattern after `tidy` has normalised it. */
export function formatted<R extends boolean>(
  isRequired: R,
  pattern: RegExp,
  about: { description?: string; accepts: string; example: string; tidy?: (text: string) => string },
): Field<string, R> {
  const { description = '', accepts, example, tidy = (word) => word } = about;
  return {
    isRequired,
    schema: describe('string', description),
    accepts,
    example,
    read: (given) => {
      if (typeof given !== 'string' && typeof given !== 'number') return undefined;
      const value = tidy(String(given).trim());
      return pattern.test(value) ? { value } : undefined;
    },
  };
}
