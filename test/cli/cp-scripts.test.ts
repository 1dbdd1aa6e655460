import { execFileSync, spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { renderDownload } from '../../src/cli/cp/download-script.ts';
import type { Entry } from '../../src/cli/cp/list-sources.ts';
import { readTransferLine } from '../../src/cli/cp/script-parts.ts';
import { renderUpload, type UploadPlan } from '../../src/cli/cp/upload-script.ts';

const hasShellcheck = spawnSync('shellcheck', ['--version']).status === 0;
const common = { path: Buffer.from('/here'), mode: 0o644, time: '2026-01-02T03:04:05.000000006Z' };
const file = (name: string, size = 3): Entry => ({ ...common, kind: 'file', name: Buffer.from(name), size });
const folder = (name: string): Entry => ({ ...common, kind: 'folder', name: Buffer.from(name) });
const link = (name: string): Entry => ({
  ...common,
  kind: 'link',
  name: Buffer.from(name),
  link: Buffer.from('a b'),
});

const plan: UploadPlan = {
  id: '0123456789abcdef',
  entries: [file('a')],
  total: 3,
  sha256: 'a1'.repeat(32),
  target: '/srv/site',
  intoFolder: false,
  top: 'a',
  preserve: false,
  part: 1,
  from: 0,
  fresh: false,
};
const down = { id: plan.id, sources: ['/etc/hosts', '~/x y'], recursive: false, from: 0, part: 1 };

const scripts: [string, string][] = [
  ['one file up', renderUpload(plan)],
  ['one file up with -p, restarted from byte 0', renderUpload({ ...plan, preserve: true, fresh: true })],
  ['files up', renderUpload({ ...plan, entries: [file('a'), file("it's", 0)], top: '', intoFolder: true })],
  ['folders up', renderUpload({ ...plan, entries: [folder('d'), file('d/a'), link('d/l')], top: 'd' })],
  ['folders up with -p', renderUpload({ ...plan, entries: [folder('d'), file('d/a')], preserve: true })],
  ['files down', renderDownload(down)],
  ['folders down', renderDownload({ ...down, recursive: true, from: 5, part: 2 })],
];

describe.each(scripts)('the script of %s', (_title, script) => {
  test('line 1 describes the script, line 2 identifies the transfer', () => {
    const [first = '', second = ''] = script.split('\n');
    expect(first).toMatch(/^# remotify cp: .*(read|write) /);
    expect(first.length + second.length).toBeLessThan(200);
    expect(readTransferLine(script.slice(0, 200))?.id).toBe(plan.id);
  });

  test('the script is valid bash and pure ASCII', () => {
    execFileSync('bash', ['-n'], { input: script });
    expect(script).toMatch(/^[\n -~]*$/);
  });

  test.skipIf(!hasShellcheck)('the script passes shellcheck (skipped if not installed)', () => {
    // 2034: columns of the list that this form does not use; 2012: none; 2016: names with a dollar sign.
    const { stdout } = spawnSync('shellcheck', ['-s', 'bash', '-S', 'warning', '-e', '2034,2088', '-'], {
      input: script,
    });
    expect(stdout.toString()).toBe('');
  });
});

test('line 1 has the number of the part and the counts of files, folders, links and bytes', () => {
  const entries = [folder('d'), file('d/a'), file('d/b'), link('d/l')];
  const [first] = renderUpload({ ...plan, entries, total: 12_345_678, part: 2, from: 1_000_000 }).split('\n');
  expect(first).toBe(
    '# remotify cp: part 2, from 1.0 MB: write 2 files, 1 folder, 1 link, 12.3 MB, to /srv/site',
  );
});
