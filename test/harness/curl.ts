import { tmpdir } from 'node:os';
import { type CapturedProcess, spawnCaptured } from './captured-process.ts';
import { cleanEnvironment } from './clean-environment.ts';
import { withDeadline } from './deadline.ts';

export type Answer = {
  exitCode: number | null;
  /** 0 if there was no answer; `stderr` has the reason. */
  status: number;
  /** Names in lower case. */
  headers: Record<string, string>;
  body: Buffer;
  text: string;
  json: <T = Record<string, unknown>>() => T;
  stderr: string;
};

export type RunningCurl = {
  pid: number;
  /** `performance.now()` when the headers of the request were sent. */
  sent: Promise<number>;
  /** `performance.now()` of the first byte of the answer. */
  firstByteAt: () => number | undefined;
  isRunning: () => boolean;
  answer: Promise<Answer>;
  /** Sends SIGKILL and waits for the end. */
  kill: () => Promise<void>;
};

export type CurlOptions = { stdin?: string | Uint8Array };

/** Longer than any deadline of a test, and short enough that no curl outlives its test for long. */
const maxSeconds = 90;

/** Starts curl in the background, without a `.curlrc` and never with `-f`. */
export function startCurl(args: readonly string[], { stdin }: CurlOptions = {}): RunningCurl {
  const own = ['-q', '--silent', '--show-error', '--verbose', '--include', '--no-buffer'];
  const client = spawnCaptured('curl', [...own, '--max-time', String(maxSeconds), ...args], {
    env: cleanEnvironment(tmpdir()),
    stdin: stdin === undefined ? undefined : { bytes: stdin },
  });
  const sent = new Promise<number>((resolve, reject) => {
    client.child.stderr?.on('data', () => {
      if (/^> \r?$/m.test(client.stderr())) resolve(performance.now());
    });
    void client.closed.then(() => reject(new Error(`curl sent nothing: ${client.stderr()}`)));
  });
  sent.catch(() => {});
  return {
    pid: client.pid,
    sent,
    firstByteAt: client.firstByteAt,
    isRunning: client.isRunning,
    answer: readAnswer(client),
    kill: async () => {
      client.child.kill('SIGKILL');
      await withDeadline(client.closed, 5_000, 'curl ends on SIGKILL');
    },
  };
}

/** Sends one request and waits for the answer. */
export async function curl(args: readonly string[], options: CurlOptions = {}): Promise<Answer> {
  const running = startCurl(args, options);
  try {
    return await withDeadline(running.answer, 30_000, `curl ${args.join(' ').slice(0, 200)}`);
  } finally {
    if (running.isRunning()) await running.kill();
  }
}

async function readAnswer(client: CapturedProcess): Promise<Answer> {
  const { code } = await client.closed;
  let body = client.stdout();
  let status = 0;
  let headers: Record<string, string> = {};
  // There is more than one head if the relay sent 100 Continue first.
  while ((status === 0 || (status >= 100 && status < 200)) && body.subarray(0, 5).toString() === 'HTTP/') {
    const end = body.indexOf('\r\n\r\n');
    const [statusLine = '', ...lines] = body.subarray(0, end).toString('latin1').split('\r\n');
    status = Number(statusLine.split(' ')[1]);
    headers = parseHeaders(lines);
    body = body.subarray(end + 4);
  }
  const text = body.toString('utf8');
  return {
    exitCode: code,
    status,
    headers,
    body,
    text,
    json: <T>() => JSON.parse(text) as T,
    stderr: client.stderr(),
  };
}

function parseHeaders(lines: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers[name] = name in headers ? `${headers[name]}, ${value}` : value;
  }
  return headers;
}
