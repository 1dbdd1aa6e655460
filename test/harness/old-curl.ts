import { chmod, readFile, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { findProgram } from './find-program.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';

/** The oldest supported curl: the one of CentOS 7. */
export const oldestCurl = '7.29.0';

/** The options that remotify uses, their long names, and the version that added them, from curl's list `options-in-versions`. */
export const curlOptions: Readonly<Record<string, { long: string; since: string }>> = {
  q: { long: 'disable', since: '5.0' },
  f: { long: 'fail', since: '4.0' },
  s: { long: 'silent', since: '4.0' },
  S: { long: 'show-error', since: '5.9' },
  L: { long: 'location', since: '4.9' },
  g: { long: 'globoff', since: '7.6' },
  o: { long: 'output', since: '4.0' },
  w: { long: 'write-out', since: '6.5' },
  K: { long: 'config', since: '4.10' },
  D: { long: 'dump-header', since: '5.7' },
  H: { long: 'header', since: '5.0' },
  X: { long: 'request', since: '6.0' },
  T: { long: 'upload-file', since: '4.0' },
  'max-time': { long: 'max-time', since: '4.0' },
  'connect-timeout': { long: 'connect-timeout', since: '7.7' },
  'speed-limit': { long: 'speed-limit', since: '4.7' },
  'speed-time': { long: 'speed-time', since: '4.7' },
  'data-binary': { long: 'data-binary', since: '7.2' },
  proto: { long: 'proto', since: '7.20.2' },
};

/** The options that take a value. */
const valued = [
  'o',
  'w',
  'K',
  'D',
  'H',
  'X',
  'T',
  'max-time',
  'connect-timeout',
  'speed-limit',
  'speed-time',
  'data-binary',
  'proto',
];

/** A wrapper script around the real curl that rejects options, and values of options, that the old version does not know. */
const script = (real: string, log: string) => `#!/bin/bash
# Accepts only the options of curl ${oldestCurl}; exits with 2 for others.
no() { printf 'curl: %s is unknown\\n' "$1" >&2; printf '%s\\n' "$1" >>'${log}'; exit 2; }
flags=' ${Object.keys(curlOptions).join(' ')} '
values=' ${valued.join(' ')} '
expect=
for word in "$@"; do
  if [ -n "$expect" ]; then
    # 7.55 reads headers from a file.
    case $expect:$word in H:@*) no "$expect $word" ;; esac
    expect=
    continue
  fi
  case $word in
    --*) case $flags in *" \${word#--} "*) ;; *) no "$word" ;; esac
      case $values in *" \${word#--} "*) expect=\${word#--} ;; esac ;;
    -?*)
      letters=\${word#-}
      while [ -n "$letters" ]; do
        letter=\${letters:0:1} letters=\${letters:1}
        case $flags in *" $letter "*) ;; *) no "-$letter" ;; esac
        case $values in *" $letter "*) [ -n "$letters" ] || expect=$letter; letters= ;; esac
      done ;;
  esac
done
printf 'ran\\n' >>'${log}'
exec '${real}' "$@"
`;

export type OldCurl = {
  /** For PATH. */
  path: string;
  /** How often it ran, and the options that it rejected. */
  read: () => Promise<{ runs: number; unknown: string[] }>;
  remove: () => Promise<void>;
};

export async function makeOldCurl(): Promise<OldCurl> {
  const folder = await makeTemporaryFolder();
  const log = join(folder.path, 'log');
  const file = join(folder.path, 'curl');
  await writeFile(log, '');
  await writeFile(file, script(findProgram('curl') ?? 'curl', log));
  await chmod(file, 0o755);
  return {
    path: `${folder.path}${delimiter}${process.env.PATH ?? ''}`,
    read: async () => {
      const lines = (await readFile(log, 'utf8')).split('\n').filter(Boolean);
      return {
        runs: lines.filter((line) => line === 'ran').length,
        unknown: lines.filter((line) => line !== 'ran'),
      };
    },
    remove: folder.remove,
  };
}
