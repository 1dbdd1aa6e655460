/** Starts a local sshd with its own keys on a free loopback port; needs Debian's openssh-server and root. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../../harness/deadline.ts';
import { findProgram } from '../../harness/find-program.ts';
import { findFreePort } from '../../harness/free-port.ts';

const programs = ['sshd', 'ssh', 'scp', 'ssh-keygen'];

export function hasSshServer(): boolean {
  return process.getuid?.() === 0 && programs.every((name) => findProgram(name) !== undefined);
}

export interface SshServer {
  /** The ssh command line, without the remote command. */
  client: string[];
  /** The scp command line without source and target; `127.0.0.1:PATH` is the remote side. */
  copier: string[];
  stop: () => void;
}

export async function startSshServer(folder: string): Promise<SshServer> {
  const port = await findFreePort();
  const file = (name: string): string => join(folder, name);
  for (const name of ['host', 'user']) {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file(name)]);
  }
  execFileSync('cp', [file('user.pub'), file('authorized')]);
  mkdirSync('/run/sshd', { recursive: true });
  const config = [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${file('host')}`,
    `AuthorizedKeysFile ${file('authorized')}`,
    `PidFile ${file('pid')}`,
    'PasswordAuthentication no',
    'PermitRootLogin yes',
    'StrictModes no',
    'UsePAM no',
    'Subsystem sftp internal-sftp',
  ];
  writeFileSync(file('config'), `${config.join('\n')}\n`);
  // sshd executes itself again, so it needs its absolute path.
  const server = spawn(findProgram('sshd') ?? 'sshd', ['-D', '-f', file('config')], { stdio: 'ignore' });
  const options = [
    'StrictHostKeyChecking=no',
    `UserKnownHostsFile=${file('known')}`,
    'LogLevel=ERROR',
    'BatchMode=yes',
  ];
  const identity = ['-F', 'none', '-i', file('user'), ...options.flatMap((option) => ['-o', option])];
  const client = ['ssh', ...identity, '-p', String(port), '127.0.0.1'];
  const copier = ['scp', '-q', ...identity, '-P', String(port)];
  await eventually('sshd accepts the login', 10_000, () => {
    execFileSync(client[0] ?? '', [...client.slice(1), 'true'], { stdio: 'ignore' });
    return true;
  });
  return { client, copier, stop: () => void server.kill() };
}
