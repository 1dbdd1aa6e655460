/** Sourcing and using remotify.bash adds only functions named _remotify… to bash: no variables, no options. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { completionsFolder, shells } from './shells.ts';

// Sets the variables that bash itself sets when it runs or completes something.
const script = `
COMP_LINE='remotify serve --store f' COMP_POINT=24 COMP_CWORD=3
COMP_WORDS=(remotify serve --store f) COMPREPLY=() names='' options=$- _=''
names=$(compgen -A function; compgen -v; shopt) || :
source "$1" && source "$1" && _remotify remotify f --store
comm -13 <(sort <<<"$names") <({ compgen -A function; compgen -v; shopt; } | sort)
[[ $- == "$options" ]] || echo "options: $-"
printf '= %s\\n' "\${COMPREPLY[*]}"
complete -p
`;

test.skipIf(!shells.some(({ name, isInstalled }) => name === 'bash' && isInstalled)).each([
  ['without options', []],
  ['with set -eu', ['-eu']],
  ['in posix mode', ['--posix']],
])('%s: bash has only new _remotify functions, and a completion', (_name, options) => {
  const args = [
    '--norc',
    '--noprofile',
    ...options,
    '-c',
    script,
    'bash',
    join(completionsFolder, 'remotify.bash'),
  ];
  const { stdout, stderr } = spawnSync('bash', args, {
    env: cleanEnvironment('/nonexistent'),
    encoding: 'utf8',
    timeout: 10_000,
  });
  expect(stderr).toBe('');
  const lines = stdout.split('\n').filter(Boolean);
  expect(lines.slice(-2)).toEqual(['= file:', 'complete -o bashdefault -o default -F _remotify remotify']);
  const added = lines.slice(0, -2);
  expect(added).toContain('_remotify');
  expect(added.filter((name) => !/^_remotify(_[a-z_]+)?$/.test(name))).toEqual([]);
});
