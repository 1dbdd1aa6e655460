import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

export type Issued = { cert: string; key: string };

export type IssueOptions = {
  /** What the certificate is for; several names, or `IP:…`. */
  names?: string[];
  /** When its two days begin: -3 for one that has expired, 1 for one of tomorrow. */
  fromDays?: number;
  /** `rsa:768` is too weak for anybody. */
  algorithm?: string;
  /** Lines of an OpenSSL extension section. */
  extensions?: string[];
};

export type Authority = {
  /** For NODE_EXTRA_CA_CERTS and the like. */
  path: string;
  pem: string;
  /** For `relay.example`, for localhost and for 127.0.0.1 unless told otherwise. */
  issue: (options?: IssueOptions) => Promise<Issued>;
  /** An authority below this one. */
  issueAuthority: (name: string) => Promise<Authority>;
};

async function openssl(args: readonly string[]): Promise<void> {
  await promisify(execFile)('openssl', args);
}

const dayMs = 86_400_000;

/** As OpenSSL writes a point in time, some days from a minute ago. */
function dateIn(days: number): string {
  const text = new Date(Date.now() - 60_000 + days * dayMs).toISOString();
  return `${text.replaceAll(/[-:T]|\..*/g, '')}Z`;
}

/** `openssl ca` alone takes dates, in all versions. */
const settings = `[ca]
default_ca = own
[own]
rand_serial = yes
unique_subject = no
default_md = sha256
policy = any
[any]
commonName = supplied
`;

const authorityExtensions = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,cRLSign'];
const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

function openAuthority(folder: string, name: string, pem: string): Authority {
  const [path, keyPath] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)];
  let count = 0;
  const sign = async (own: string, subject: string, options: IssueOptions): Promise<void> => {
    const { algorithm, extensions = [], fromDays = 0 } = options;
    const files = (end: string): string => join(folder, `${own}.${end}`);
    const keyArgs = algorithm === undefined ? curve : ['-newkey', algorithm, '-nodes'];
    await openssl([
      'req',
      ...keyArgs,
      '-subj',
      `/CN=${subject}`,
      '-keyout',
      files('key'),
      '-out',
      files('csr'),
    ]);
    await writeFile(files('ext'), `${extensions.join('\n')}\n`);
    await writeFile(files('db'), '');
    await writeFile(
      files('conf'),
      settings.replace('[own]', `[own]\ndatabase = ${files('db')}\nnew_certs_dir = ${folder}`),
    );
    const dates = ['-startdate', dateIn(fromDays), '-enddate', dateIn(fromDays + 2)];
    const signer = ['-batch', '-notext', '-config', files('conf'), '-cert', path, '-keyfile', keyPath];
    await openssl([
      'ca',
      ...signer,
      ...dates,
      '-extfile',
      files('ext'),
      '-in',
      files('csr'),
      '-out',
      files('pem'),
    ]);
  };
  return {
    path,
    pem,
    issue: async ({ names = ['relay.example', 'localhost', 'IP:127.0.0.1'], ...options } = {}) => {
      const own = `${name}-${++count}`;
      const listed = names.map((one) => (one.includes(':') ? one : `DNS:${one}`)).join(',');
      const extensions = options.extensions ?? [];
      await sign(own, names[0] ?? 'relay', {
        ...options,
        extensions: [`subjectAltName=${listed}`, ...extensions],
      });
      const read = (end: string): Promise<string> => readFile(join(folder, `${own}.${end}`), 'utf8');
      return { cert: await read('pem'), key: await read('key') };
    },
    issueAuthority: async (below) => {
      await sign(below, below, { extensions: authorityExtensions });
      return openAuthority(folder, below, await readFile(join(folder, `${below}.pem`), 'utf8'));
    },
  };
}

/** A certificate authority of one's own; all of its files are in the folder. */
export async function makeAuthority(folder: string, name = 'authority'): Promise<Authority> {
  const [path, keyPath] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)];
  const extensions = authorityExtensions.slice(1).flatMap((line) => ['-addext', line]);
  const files = ['-keyout', keyPath, '-out', path];
  await openssl(['req', '-x509', ...curve, '-days', '2', '-subj', `/CN=${name}`, ...extensions, ...files]);
  return openAuthority(folder, name, await readFile(path, 'utf8'));
}
