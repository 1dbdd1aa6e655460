#!/usr/bin/env node
// Starts `remotify mcp` under a name of its own, for hosts that run a package's program without arguments.
'use strict';

const words = process.argv.slice(2);
if (words.length !== 1 || (words[0] !== '--version' && words[0] !== '-V')) process.argv.splice(2, 0, 'mcp');
require('./remotify.js');
