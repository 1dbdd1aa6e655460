// Run as `node .ci/complete-lockfile.js && npm install` where `npm ci` says "Missing: … from lock file".
//
// npm leaves optional packages out of the lockfile when the registry at hand does not hold them, as some
// mirrors do with the binaries for other systems; `npm ci` then refuses the lockfile, and on those systems the
// tools would lack their binary. Their versions are pinned by the packages that ask for them and their
// system is in their name, so the entries can be written here. Their hashes come from the registry, without a download.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const systems = [
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
];
const processors = ['arm64', 'arm', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x', 'x64', 'wasm32'];

const path = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(path, 'utf8'));
const added = [];

for (const [parent, { optionalDependencies = {}, dev, peer }] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    const isPinned = /^\d/.test(version);
    if (!isPinned || isLocked(parent, name, version)) continue;
    const shared = `node_modules/${name}`;
    const key = lock.packages[shared] ? `${parent}/${shared}` : shared;
    lock.packages[key] = { version, dev, optional: true, peer, ...describeSystem(name) };
    added.push(`${name}@${version}`);
  }
}

const unhashed = Object.entries(lock.packages).filter(
  ([key, entry]) => key && !entry.integrity && !entry.link,
);
for (const [key, entry] of unhashed) {
  const name = key.slice(key.lastIndexOf('node_modules/') + 'node_modules/'.length);
  const [integrity] = JSON.parse(
    `[${execFileSync('npm', ['view', `${name}@${entry.version}`, 'dist.integrity', '--json'], { encoding: 'utf8' })}]`,
  );
  // In the order in which npm writes the fields.
  lock.packages[key] = { version: entry.version, integrity, ...entry };
}

lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
console.log(added.length ? added.join('\n') : 'nothing is missing');

/** Whether `name` as `parent` would find it, in its own node_modules or one further up, has this version. */
function isLocked(parent, name, version) {
  let folder = parent;
  for (;;) {
    const found = lock.packages[folder ? `${folder}/node_modules/${name}` : `node_modules/${name}`];
    if (found || !folder) return found?.version === version;
    folder = folder.slice(0, Math.max(0, folder.lastIndexOf('node_modules/') - 1));
  }
}

function describeSystem(name) {
  const words = name.split(/[/-]/);
  const os = systems.find((system) => words.includes(system));
  const cpu = processors.find((processor) => words.includes(processor));
  const isMusl = words.some((word) => word.startsWith('musl'));
  const isGlibc = words.some((word) => word.startsWith('gnu'));
  return {
    os: os && [os],
    cpu: cpu && [cpu],
    libc: isMusl ? ['musl'] : isGlibc && os === 'linux' ? ['glibc'] : undefined,
  };
}
