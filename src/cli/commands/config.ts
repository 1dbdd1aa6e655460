/** `remotify config`: prints the settings in effect, and changes stored ones. */
import type { Command } from 'commander';
import { type EffectiveSetting, listSettings } from '../../config/effective-settings.ts';
import { readVariable } from '../../config/environment.ts';
import { parseRelayUrl } from '../../config/parse-url.ts';
import type { Settings } from '../../config/settings.ts';
import { settingsPath } from '../../config/settings-file.ts';
import type { Run } from '../command-module.ts';
import type { Context } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import { formatTable } from '../format.ts';
import { addHelp } from '../help-format.ts';
import { escapeText } from '../../text/escape.ts';
import { quote } from '../../text/quote.ts';

/** The settings that `set` and `unset` change, each with its parser. Sessions have commands of their own. */
const known: Record<string, (text: string) => string> = { url: parseRelayUrl };

export function describe(command: Command): void {
  command
    .argument('[action]', 'get, set, unset or path', 'get')
    .argument(
      '[name]',
      `setting to change: ${Object.keys(known).join(', ')}; get takes any that \`remotify config\` lists`,
    )
    .argument('[value]', 'new value');
  addHelp(command, {
    notes: [
      'Without arguments: lists each setting in effect, and where it comes from: a flag, a variable, the settings file, or the default.',
    ],
    examples: [
      'remotify config',
      'remotify config get url',
      'remotify config set url https://relay.example',
      'remotify config unset url',
      'remotify config path',
    ],
  });
}

function usage(message: string, hint: string): Failure {
  return new Failure(message, hint, exitCodes.usage);
}

function requireName(name: string | undefined): string {
  if (name !== undefined && Object.hasOwn(known, name)) return name;
  const message = name === undefined ? 'missing name of the setting' : `cannot change ${quote(name)}`;
  throw usage(message, `settings to change: ${Object.keys(known).join(', ')}`);
}

function describeAll(all: readonly EffectiveSetting[]): string {
  return formatTable(
    all.map(({ name, value, source }) => [name, escapeText(value ?? 'none'), `(${escapeText(source)})`]),
  );
}

async function get(context: Context, name: string | undefined): Promise<number> {
  const { printer, json } = context;
  const finders = listSettings(context.given(), context.environment, () => context.settings());
  if (name === undefined) {
    const all = Object.values(finders).map((find) => find());
    const entries = all.map(({ name: each, value, source }) => [each, { value, source }]);
    await (json ? printer.printJson(Object.fromEntries(entries)) : printer.print(describeAll(all)));
    return exitCodes.ok;
  }
  const find = Object.hasOwn(finders, name) ? finders[name] : undefined;
  if (!find) throw usage(`no such setting: ${quote(name)}`, `settings: ${Object.keys(finders).join(', ')}`);
  const { value, source } = find();
  await (json ? printer.printJson({ [name]: value, source }) : printer.print(escapeText(value ?? '')));
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
      await store(context, (settings) => ({ ...settings, [setting]: checked }));
      if (setting === 'url' && readVariable(context.environment, 'REMOTIFY_URL') !== undefined)
        await context.printer.note('REMOTIFY_URL is set and takes precedence');
      return exitCodes.ok;
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
