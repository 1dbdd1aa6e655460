import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { spawnCaptured } from '../harness/captured-process.ts';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { withDeadline } from '../harness/deadline.ts';

// Runs the shell of a job as the runners of GitHub and GitLab do.

type Variables = Record<string, string>;

export type Step = { name: string; status: number | null; output: string };

export type JobResult = {
  steps: Step[];
  /** The name of the first step that failed. */
  failed: string | undefined;
  /** All output before masking, without the lines that request masking. */
  bare: string;
  /** The output after masking, as people see it. */
  log: string;
};

type Run = { shell: string[]; script: string; env: Variables; folder: string };

async function run(name: string, { shell, script, env, folder }: Run): Promise<Step> {
  const [program = 'bash', ...args] = shell;
  const file = join(folder, '.step.sh');
  await writeFile(file, script);
  const shellProcess = spawnCaptured(
    program,
    [...args, '-c', 'cd "$1" && shift && . "$1"', 'step', folder, file],
    {
      env: cleanEnvironment(folder, env),
    },
  );
  const { code } = await withDeadline(shellProcess.closed, 60_000, name);
  return { name, status: code, output: shellProcess.stdout().toString('utf8') + shellProcess.stderr() };
}

function finish(steps: Step[], secrets: readonly string[]): JobResult {
  const all = steps.map(({ output }) => output).join('');
  const asked = [...all.matchAll(/^::add-mask::(.+)$/gm)].map(([, value = '']) => value);
  const bare = all.replaceAll(/^::add-mask::.*\n/gm, '');
  const log = [...secrets, ...asked].reduce((text, secret) => text.replaceAll(secret, '***'), bare);
  return { steps, failed: steps.find(({ status }) => status !== 0)?.name, bare, log };
}

export type GitHubStep = {
  name?: string;
  run?: string;
  uses?: string;
  if?: string;
  with?: Record<string, string | number>;
};
export type GitHubJob = { env?: Variables; steps: GitHubStep[] };
export type GitHubFlow = {
  env?: Variables;
  defaults: { run: { shell: string } };
  jobs: Record<string, GitHubJob>;
};

/** `${{ secrets.X }}` and `${{ vars.X }}`; any other expression is an error. */
function evaluate(text: string, known: Variables): string {
  return text.replaceAll(/\$\{\{ *(?:secrets|vars)\.(\w+) *\}\}/g, (_whole, name: string) => {
    const value = known[name];
    if (value === undefined) throw new Error(`unknown expression: ${name}`);
    return value;
  });
}

/** Runs the steps in order; after a failure only those with `if: always()`. `onUse` replaces the actions. */
export async function runGitHubJob(
  flow: GitHubFlow,
  name: string,
  given: {
    folder: string;
    env: Variables;
    known: Variables;
    secrets: string[];
    onUse?: (step: GitHubStep) => Promise<void>;
  },
): Promise<JobResult> {
  const { folder, env, known, secrets, onUse } = given;
  const job = flow.jobs[name];
  if (!job) throw new Error(`no job ${name}`);
  if (flow.defaults.run.shell !== 'bash') throw new Error('only a shell that is set explicitly has pipefail');
  const places = {
    RUNNER_TEMP: folder,
    GITHUB_ENV: join(folder, '.env'),
    GITHUB_STEP_SUMMARY: join(folder, 'summary'),
  };
  for (const file of [places.GITHUB_ENV, places.GITHUB_STEP_SUMMARY]) await writeFile(file, '');
  const steps: Step[] = [];
  for (const step of job.steps) {
    const hasFailed = steps.some(({ status }) => status !== 0);
    if (hasFailed && step.if !== 'always()') continue;
    if (step.run === undefined) {
      await onUse?.(step);
      continue;
    }
    const added = (await readFile(places.GITHUB_ENV, 'utf8')).split('\n').filter(Boolean);
    const own = Object.entries({ ...flow.env, ...job.env }).map(([key, value]) => [
      key,
      evaluate(value, known),
    ]);
    const variables: Variables = {
      CI: 'true',
      ...env,
      ...(Object.fromEntries(own) as Variables),
      ...Object.fromEntries(
        added.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
      ),
      ...places,
    };
    // `shell: bash` is `bash --noprofile --norc -eo pipefail`.
    const shell = ['bash', '--noprofile', '--norc', '-eo', 'pipefail'];
    steps.push(await run(step.name ?? step.run, { shell, script: step.run, env: variables, folder }));
  }
  return finish(steps, secrets);
}

export type GitLabJob = {
  variables?: Variables;
  before_script?: string[];
  script: string[];
  after_script?: string[];
  artifacts: { paths: string[]; when: string };
};

/** before_script and script run in one shell; after_script runs in another one, and its exit status is ignored. */
export async function runGitLabJob(
  job: GitLabJob,
  { folder, env, secrets }: { folder: string; env: Variables; secrets: string[] },
): Promise<JobResult> {
  const variables = { CI: 'true', GITLAB_CI: 'true', ...job.variables, ...env };
  const shell = ['bash', '-eo', 'pipefail'];
  const main = [...(job.before_script ?? []), ...job.script].join('\n');
  const script = await run('script', { shell, script: main, env: variables, folder });
  const after = await run('after_script', {
    shell,
    script: (job.after_script ?? []).join('\n'),
    env: variables,
    folder,
  });
  const { failed, ...rest } = finish([script, after], secrets);
  return { ...rest, failed: script.status === 0 ? undefined : failed };
}
