/** Shell environments in which a line may be pasted. `before` runs in that shell first; `env` is the environment of the shell. */
export interface Surroundings {
  readonly title: string;
  readonly before?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Replaces `bash` at the end of the line. */
  readonly bash?: string;
  /** Functions break commands that the pasted line needs: the test's line calls these programs by their paths. */
  readonly isBroken?: boolean;
  /** Content of a file whose path is in the variable BASH_ENV. */
  readonly bashEnv?: string;
}

const options = [
  'allexport',
  'braceexpand',
  'errexit',
  'errtrace',
  'functrace',
  'keyword',
  'monitor',
  'noclobber',
  'noglob',
  'nounset',
  'physical',
  'pipefail',
  'posix',
  'verbose',
  'xtrace',
];

const shopts = [
  'compat31',
  'dotglob',
  'expand_aliases',
  'extdebug',
  'extglob',
  'failglob',
  'inherit_errexit',
  'lastpipe',
  'localvar_inherit',
  'nocasematch',
  'nullglob',
  'xpg_echo',
];

/** Builtins, programs that the runner calls, and functions of the runner. */
const functions = [
  'alias bg builtin cd command declare echo eval exec exit',
  'export false fg getopts jobs kill let local printf pwd read',
  'readonly return set shift shopt test times trap true type',
  'ulimit umask unalias unset wait : [ .',
  'cat curl dd gzip head id mktemp perl rm setsid sleep',
  'stty tail wc sh env bash',
  'say fail has main listen request clear_failures label pause ask',
].map((names) => names.split(' '));

/** Exports functions that make each call of these names fail. */
const breakNames = (names: readonly string[]): string =>
  [
    ...names.map(
      (name) => `function ${name} { /usr/bin/env printf 'BROKEN %s\\n' "$FUNCNAME" >&2; [[ '' ]]; }`,
    ),
    // In POSIX mode, export and unset are the builtins even where a function has the same name.
    'POSIXLY_CORRECT=y',
    `export -f ${names.join(' ')}`,
    'unset POSIXLY_CORRECT',
  ].join('\n');

export const surroundings: readonly Surroundings[] = [
  { title: 'a plain shell' },
  { title: 'umask 022', before: 'umask 022' },
  { title: 'umask 0', before: 'umask 0' },
  { title: 'umask 777', before: 'umask 777' },
  ...options.map((name) => ({ title: `SHELLOPTS=${name}`, env: { SHELLOPTS: name } })),
  {
    title: 'several shell options at once',
    env: { SHELLOPTS: 'errexit:noclobber:noglob:nounset:pipefail:xtrace' },
  },
  ...shopts.map((name) => ({ title: `BASHOPTS=${name}`, env: { BASHOPTS: name } })),
  {
    title: 'options and shopts exported',
    env: { SHELLOPTS: 'errexit:nounset', BASHOPTS: 'failglob:nocasematch' },
  },
  ...functions.map((names) => ({
    title: `exported functions ${names[0]}…${names.at(-1)}`,
    before: breakNames(names),
    isBroken: true,
  })),
  { title: 'BASH_ENV with set -e', bashEnv: 'set -e' },
  {
    title: 'BASH_ENV with set -eu, pipefail and an ERR trap',
    bashEnv: 'set -eu -o pipefail; trap "echo ERR" ERR',
  },
  { title: 'BASH_ENV with a DEBUG trap', bashEnv: 'set -T; trap "echo DEBUG >&2" DEBUG' },
  { title: 'BASH_ENV with an EXIT trap', bashEnv: 'trap "echo bye" EXIT' },
  { title: 'BASH_ENV that prints', bashEnv: 'echo hello' },
  {
    title: 'BASH_ENV with aliases',
    bashEnv: "shopt -s expand_aliases; alias cat='echo BROKEN' curl='echo BROKEN' local='echo BROKEN'",
  },
  { title: 'BASH_ENV with functions', bashEnv: 'cat() { echo BROKEN; }; printf() { echo BROKEN; }' },
  { title: 'BASH_ENV that changes the folder', bashEnv: 'cd /' },
  { title: 'BASH_ENV that sets IFS', bashEnv: 'IFS=0123456789' },
  { title: 'BASH_ENV that does not exist', env: { BASH_ENV: '/nonexistent' } },
  { title: 'POSIXLY_CORRECT', env: { POSIXLY_CORRECT: '1' } },
  { title: 'POSIXLY_CORRECT and SHELLOPTS', env: { POSIXLY_CORRECT: 'yes', SHELLOPTS: 'errexit' } },
  { title: 'POSIXLY_CORRECT, empty', env: { POSIXLY_CORRECT: '' } },
  { title: 'bash --posix', bash: 'bash --posix' },
  { title: 'bash -e', bash: 'bash -e' },
  { title: 'bash -u', bash: 'bash -u' },
  { title: 'bash -x', bash: 'bash -x' },
  { title: 'bash -v', bash: 'bash -v' },
  { title: 'bash -s with words', bash: 'bash -s one two' },
  { title: 'IFS exported', before: "export IFS='-:'" },
  { title: 'TMOUT', env: { TMOUT: '1' } },
  { title: 'GLOBIGNORE', env: { GLOBIGNORE: '*' } },
  { title: 'CDPATH', env: { CDPATH: '/:/usr' } },
  { title: 'FUNCNEST', env: { FUNCNEST: '2' } },
  { title: 'EXECIGNORE', env: { EXECIGNORE: '*' } },
  { title: 'BASH_COMPAT', env: { BASH_COMPAT: '3.1' } },
  { title: 'PS4 that runs a command', env: { PS4: '$(echo BROKEN >&2)', SHELLOPTS: 'xtrace' } },
  {
    title: 'BASH_XTRACEFD',
    before: 'exec 9>/dev/null; export BASH_XTRACEFD=9',
    env: { SHELLOPTS: 'xtrace' },
  },
  { title: 'GZIP and GREP_OPTIONS', env: { GZIP: '-9', GREP_OPTIONS: '--color=always' } },
  { title: 'a locale that is not installed', env: { LC_ALL: 'xx_YY.UTF-8' } },
  { title: 'the C locale', env: { LC_ALL: 'C' } },
  { title: 'LC_CTYPE that is not installed', env: { LC_CTYPE: 'xx_YY.UTF-8' } },
  {
    title: 'variables with the names of runner variables',
    env: Object.fromEntries(
      'work id http mode size tick leader outcome from answer had merge stdin chunk relay_url pid now number found'
        .split(' ')
        .map((name) => [name, `own ${name}`]),
    ),
  },
  { title: 'variables with newlines and quotes', env: { ODD: 'a\nb\'c"d\\e$f`g\n', EMPTY: '' } },
  { title: 'variables whose names are invalid in a shell', env: { 'A.B': 'dots', 'C-D': 'dashes' } },
  {
    title: 'REMOTIFY_URL and REMOTIFY_KEY for the CLI',
    env: { REMOTIFY_URL: 'http://elsewhere.invalid', REMOTIFY_KEY: 'secret' },
  },
  { title: 'signals ignored', before: 'trap "" HUP QUIT PIPE' },
  { title: 'descriptors open', before: 'exec 3</dev/null 4</dev/zero 7</dev/null 8</dev/full' },
  { title: 'few descriptors', before: 'ulimit -n 24' },
  { title: 'limits', before: 'ulimit -c 0 -t 600 -v 8000000' },
  { title: 'low priority', before: 'renice -n 5 $$ >/dev/null' },
  { title: 'another folder', before: 'cd /usr/bin' },
  { title: 'a working folder that was removed', before: 'cd "$(mktemp -d)" && rmdir "$PWD"' },
  { title: 'stdin closed', before: 'exec <&-' },
  { title: 'PATH with an empty entry', before: 'export PATH=":$PATH"' },
  { title: 'no HOME', before: 'unset HOME' },
];
