#!/usr/bin/env node
// Starts remotify. CommonJS, because Node's ESM loader costs a fifth of a bare start. The syntax is so old that an
// old Node can parse it, and report that it is too old.
'use strict';

function fail(message, hint) {
  process.stderr.write('remotify: error: ' + message + '\nremotify: hint: ' + hint + '\n');
  process.exitCode = 255;
}

function isTooOld(version) {
  const parts = version.split('.').map(Number);
  return parts[0] < 20 || (parts[0] === 20 && parts[1] < 19);
}

if (isTooOld(process.versions.node)) {
  fail('node ' + process.versions.node + ' is too old', 'use node 20.19 or newer');
} else {
  try {
    require('../dist/main.cjs');
  } catch (error) {
    // Report "not built" only if main.cjs itself is missing, which this file requires. Other modules are other errors.
    if (error.code !== 'MODULE_NOT_FOUND' || !error.requireStack || error.requireStack[0] !== __filename) {
      throw error;
    }
    fail('not built yet', 'run `npm ci && npm run build`');
  }
}
