import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';

// Whoever waits for the end of a command looks up each second. An end that comes just then comes whole.

const runner = fileURLToPath(new URL('../../dist/runner.sh', import.meta.url));

/** The runner's own functions, with commands that end about a second after they began: one line for each status. */
const program = `
  for name in count_interrupts tell_outcome heed_interrupt is_input_over; do
    eval "$(sed -n "/^$name()/,/^}/p" "$1")"
  done
  for nth in $(seq 1 400); do
    (
      work=$2/$nth
      mkdir "$work"
      { sleep "$(printf '0.%03d' $((900 + nth / 4)))"; tell_outcome 143; } | count_interrupts
      echo $?
    ) &
    [ $((nth % 40)) -ne 0 ] || wait
  done
  wait`;

test('the exit status of a command that ends as its listener looks up is its own', {
  timeout: 120_000,
}, async () => {
  const folder = await makeTemporaryFolder();
  onTestFinished(folder.remove);
  const { stdout } = await promisify(execFile)('bash', ['-c', program, 'turns', runner, folder.path]);
  expect(stdout.trim().split('\n')).toEqual(Array.from({ length: 400 }, () => '143'));
});
