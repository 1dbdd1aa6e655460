#!/usr/bin/env node
// CommonJS, because Node's ESM loader costs a fifth of a bare start. The syntax stays old enough for an
// old Node to parse, so that it can say that it is too old.
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
    // Only main.cjs itself missing means "not built": then this file is the one that asked.
    if (error.code !== 'MODULE_NOT_FOUND' || !error.requireStack || error.requireStack[0] !== __filename) {
      throw error;
    }
    fail('not built yet', 'run `npm ci && npm run build`');
  }
}
