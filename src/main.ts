/** The entry: a question that needs no code is answered without loading any. */
import packageJson from '../package.json' with { type: 'json' };

const words = process.argv.slice(2);
if (words.length === 1 && (words[0] === '--version' || words[0] === '-V')) {
  process.stdout.write(`${packageJson.version}\n`);
} else {
  void import('./cli/run.ts').then(({ run }) => run(words, packageJson.version));
}
