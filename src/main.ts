/** The entry: a question that needs no code is answered without loading any, and whoever is waited for loads little. */
import packageJson from '../package.json' with { type: 'json' };
import { keepCompiled } from './cli/keep-compiled.ts';

const words = process.argv.slice(2);
if (words.length === 1 && (words[0] === '--version' || words[0] === '-V')) {
  process.stdout.write(`${packageJson.version}\n`);
} else {
  keepCompiled(import.meta.dirname, packageJson.version, words[0]);
  if (words.length === 1 && words[0] === 'mcp') {
    void import('./cli/run-mcp.ts').then(({ runMcp }) => runMcp(packageJson.version));
  } else {
    void import('./cli/run.ts').then(({ run }) => run(words, packageJson.version));
  }
}
