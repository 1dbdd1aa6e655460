/** Takes a value from the first place that has one: the flag, then environment variables, then the default. */
import { ConfigError } from './config-error.ts';
import { type Environment, readVariable } from './environment.ts';
import { nameFlag } from './name-flag.ts';

/** Runs a parser, and puts the flag or variable that its value came from in front of its error message. */
export function parseFrom<T>(name: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(`${name}: ${error.message}`, error.hint);
  }
}

/** `variables` are tried in order. The fallback is text too, so that one parser handles every source. */
export type ChooseValue<Flag extends string> = <T>(
  flag: Flag,
  variables: readonly string[],
  fallback: string,
  parse: (text: string) => T,
) => T;

export function createChooser<Flag extends string>(
  flags: Partial<Record<Flag, string>>,
  environment: Environment,
): ChooseValue<Flag> {
  return (flag, variables, fallback, parse) => {
    const typed = flags[flag];
    if (typed !== undefined) return parseFrom(nameFlag(flag), () => parse(typed));
    for (const name of variables) {
      const value = readVariable(environment, name);
      if (value !== undefined) return parseFrom(name, () => parse(value));
    }
    return parse(fallback);
  };
}
