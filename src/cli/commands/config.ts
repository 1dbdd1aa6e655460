/** `remotify config` */
import type { Command } from 'commander';
import { parseRelayUrl } from '../../config/parse-url.ts';
import { quote } from '../../config/parse-values.ts';
import type { Settings } from '../../config/settings.ts';
import { settingsPath } from '../../config/settings-file.ts';
import type { Run } from '../command-module.ts';
import type { Context } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { Failure } from '../failure.ts';

/** What may be stored by hand, and how it is checked. Sessions have commands of their own. */
const known: Record<string, (text: string) => string> = { url: parseRelayUrl };

export function describe(command: Command): void {
  command
    .argument('[action]', 'get, set, unset or path', 'get')
    .argument('[name]', `a setting: ${Object.keys(known).join(', ')}`)
    .argument('[value]', 'what to set it to')
    .addHelpText(
      'after',
      '\nExamples:\n  $ remotify config\n  $ remotify config set url https://relay.example\n  $ remotify config unset url\n  $ remotify config path',
    );
}

function usage(message: string, hint: string): Failure {
  return new Failure(message, hint, exitCodes.usage);
}

function requireName(name: string | undefined): string {
  if (name !== undefined && Object.hasOwn(known, name)) return name;
  const message = name === undefined ? 'which setting?' : `no such setting: ${quote(name)}`;
  throw usage(message, `there is: ${Object.keys(known).join(', ')}`);
}

async function get(context: Context, name: string | undefined): Promise<number> {
  const stored: Record<string, string> = {
    ...(context.settings().url !== undefined && { url: context.settings().url ?? '' }),
  };
  if (name === undefined) {
    if (context.json) await context.printer.printJson(stored);
    else
      await context.printer.print(
        Object.entries(stored)
          .map(([key, value]) => `${key}=${value}`)
          .join('\n'),
      );
    return exitCodes.ok;
  }
  const value = stored[requireName(name)];
  if (value === undefined) return exitCodes.absent;
  await (context.json ? context.printer.printJson({ [name]: value }) : context.printer.print(value));
  return exitCodes.ok;
}

async function store(context: Context, change: (settings: Settings) => Settings): Promise<number> {
  const { changeSettings } = await import('../../config/write-settings.ts');
  await changeSettings(context.configDir, change);
  return exitCodes.ok;
}

export const run: Run = async (context, command) => {
  const [action = 'get', name, value] = command.args;
  switch (action) {
    case 'get':
      return get(context, name);
    case 'set': {
      const setting = requireName(name);
      if (value === undefined)
        throw usage(`${setting} needs a value`, `remotify config set ${setting} VALUE`);
      const checked = known[setting]?.(value);
      return store(context, (settings) => ({ ...settings, [setting]: checked }));
    }
    case 'unset': {
      const setting = requireName(name);
      return store(context, ({ [setting as keyof Settings]: _unset, ...rest }) => ({ ...rest }) as Settings);
    }
    case 'path': {
      const path = settingsPath(context.configDir);
      await (context.json ? context.printer.printJson({ path }) : context.printer.print(path));
      return exitCodes.ok;
    }
    default:
      throw usage(`no such action: ${quote(action)}`, 'get, set, unset or path');
  }
};
