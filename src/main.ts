/** Entry point. `--version` and `mcp` load little code, so that they start fast; all else goes to cli/run.ts. */
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
