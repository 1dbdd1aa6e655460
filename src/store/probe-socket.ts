/** Connects to the claim socket of another relay and reads whether it holds the folder. */
import { connect } from 'node:net';
import { describeCode, errorCode } from './error-code.ts';
import type { SocketFolder } from './socket-folder.ts';

/** A running relay answers at once. A stopped or hung relay does not answer, and may hold the folder. */
const answerTimeoutMs = 2_000;

const maxAnswerBytes = 1_024;

export interface Owner {
  pid?: number;
  host?: string;
}

export type Probe = { state: 'stale' } | { state: 'starting' } | { state: 'holding'; owner: Owner };

function parseAnswer(text: string): Probe {
  try {
    const answer = JSON.parse(text) as { pid?: unknown; host?: unknown; holds?: unknown } | null;
    if (answer?.holds === false) return { state: 'starting' };
    const { pid, host } = answer ?? {};
    const owner: Owner = {};
    if (typeof pid === 'number' && Number.isSafeInteger(pid)) owner.pid = pid;
    // Checked strictly because both become part of a message.
    if (typeof host === 'string' && /^[\w.-]{1,255}$/.test(host)) owner.host = host;
    return { state: 'holding', owner };
  } catch {
    return { state: 'holding', owner: {} };
  }
}

/** What a connection error means. Undefined: nothing is known about the other relay. */
function judgeError(code: string, isConnected: boolean): Probe | undefined {
  // Nothing listens, or the file is gone. On Linux a full queue of connections is EAGAIN, not ECONNREFUSED.
  if (code === 'ECONNREFUSED' || code === 'ENOENT') return { state: 'stale' };
  if (code === 'EAGAIN') return { state: 'holding', owner: {} };
  // The relay closed its socket before it accepted or answered (ECONNRESET): the caller probes again.
  return isConnected || code === 'ECONNRESET' ? { state: 'starting' } : undefined;
}

export function probeSocket(folder: SocketFolder, name: string): Promise<Probe> {
  return new Promise((resolve, reject) => {
    let text = '';
    let isConnected = false;
    const socket = connect(folder.address(name));
    const finish = (probe: Probe): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(probe);
    };
    const timer = setTimeout(() => {
      // If this process itself was stopped, the answer may have arrived unread: setImmediate() runs after the read.
      setImmediate(() => finish({ state: 'holding', owner: {} }));
    }, answerTimeoutMs);
    socket.setEncoding('utf8');
    socket.on('connect', () => {
      isConnected = true;
    });
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (text.includes('\n')) finish(parseAnswer(text));
      else if (text.length > maxAnswerBytes) finish({ state: 'holding', owner: {} });
    });
    socket.on('end', () => finish(text === '' ? { state: 'starting' } : parseAnswer(text)));
    socket.on('error', (error) => {
      const code = errorCode(error) ?? error.message;
      const probe = judgeError(code, isConnected);
      if (probe) return finish(probe);
      clearTimeout(timer);
      reject(
        new Error(
          `cannot check whether another relay uses ${folder.directory}: cannot connect to ${name}: ${describeCode(code)}`,
          {
            cause: error,
          },
        ),
      );
    });
  });
}
