import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

export type Issued = { cert: string; key: string };

export type IssueOptions = {
  /** The names that the certificate is for: host names, or `IP:…`. */
  names?: string[];
  /** The day when its two days begin: -3 for an expired certificate, 1 for one that is valid from tomorrow. */
  fromDays?: number;
  /** The algorithm of the key. `rsa:768` is too weak for every TLS client. */
  algorithm?: string;
  /** Lines of an OpenSSL extension section. */
  extensions?: string[];
};

export type Authority = {
  /** For NODE_EXTRA_CA_CERTS and the like. */
  path: string;
  pem: string;
  /** By default for `relay.example`, localhost and 127.0.0.1. */
  issue: (options?: IssueOptions) => Promise<Issued>;
  /** Creates an intermediate authority that this one signs. */
  issueAuthority: (name: string) => Promise<Authority>;
};

async function openssl(args: readonly string[]): Promise<void> {
  await promisify(execFile)('openssl', args);
}

const dayMs = 86_400_000;

/** The time a minute ago plus some days, in OpenSSL's format. */
function dateIn(days: number): string {
  const text = new Date(Date.now() - 60_000 + days * dayMs).toISOString();
  return `${text.replaceAll(/[-:T]|\..*/g, '')}Z`;
}

/** Uses `openssl ca`: it is the only command that accepts dates in all versions. */
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

/** Creates a certificate authority; all of its files are in the folder. */
export async function makeAuthority(folder: string, name = 'authority'): Promise<Authority> {
  const [path, keyPath] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)];
  const extensions = authorityExtensions.slice(1).flatMap((line) => ['-addext', line]);
  const files = ['-keyout', keyPath, '-out', path];
  await openssl(['req', '-x509', ...curve, '-days', '2', '-subj', `/CN=${name}`, ...extensions, ...files]);
  return openAuthority(folder, name, await readFile(path, 'utf8'));
}
