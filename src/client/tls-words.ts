/** What can be wrong with a certificate or a TLS handshake, in words, and what cures it. The codes are OpenSSL's, as Node names them. */

/** `HOST:PORT` in a cure is replaced by the peer's. */
const cures = {
  authority:
    'if it is your own authority, trust it: `export NODE_EXTRA_CA_CERTS=/path/to/ca.pem`; see what the server sends: `openssl s_client -showcerts -connect HOST:PORT`',
  chain:
    'if it is your own authority, trust it: `export NODE_EXTRA_CA_CERTS=/path/to/ca.pem`; if that is done, the server must also send its intermediate certificates; see what it sends: `openssl s_client -showcerts -connect HOST:PORT`',
  clock: 'renew the certificate; if it is good, correct the clock of this machine: `date`',
  name: 'use a host name that the certificate is for, or issue one for this name',
  broken:
    'issue the certificate again; see what the server sends: `openssl s_client -showcerts -connect HOST:PORT`',
  key: 'issue a certificate with a stronger key and digest: RSA 2048 or EC P-256, SHA-256',
  revoked: 'issue a new certificate for the server',
  scheme: 'if it speaks plain http, write http:// in the URL; else give the port that speaks TLS',
  version: 'enable TLS 1.2 or 1.3 on the server, with ciphers that this client has',
  client: 'this client sends no certificate of its own: use an address that asks for none',
  refused:
    'it may ask for a certificate of the client, or have no version or cipher of TLS in common with it; see what it says: `openssl s_client -connect HOST:PORT`',
  handshake: 'see what the server says: `openssl s_client -connect HOST:PORT`',
  system: 'free some memory and try again',
} as const;

type Cure = keyof typeof cures;

/** Of the certificate that the peer sent. */
const certificateWords: Readonly<Record<string, readonly [string, Cure]>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: ['its certificate is self-signed', 'authority'],
  SELF_SIGNED_CERT_IN_CHAIN: [
    'its certificate comes from an authority that is not trusted here',
    'authority',
  ],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: [
    'its certificate comes from an authority that is not trusted here',
    'authority',
  ],
  UNABLE_TO_GET_ISSUER_CERT: [
    'its certificate comes from an authority that is not trusted here',
    'authority',
  ],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: [
    'its certificate comes from an authority that is not trusted here, or an intermediate certificate is missing',
    'chain',
  ],
  CERT_UNTRUSTED: ['its certificate is not trusted for this purpose', 'authority'],
  CERT_REJECTED: ['its certificate is rejected for this purpose', 'authority'],
  CERT_HAS_EXPIRED: ['its certificate has expired', 'clock'],
  CERT_NOT_YET_VALID: ['its certificate is not valid yet', 'clock'],
  ERR_TLS_CERT_ALTNAME_INVALID: ['its certificate is for another host', 'name'],
  HOSTNAME_MISMATCH: ['its certificate is for another host', 'name'],
  CERT_REVOKED: ['its certificate is revoked', 'revoked'],
  CERT_CHAIN_TOO_LONG: ['its chain of certificates is too long', 'broken'],
  PATH_LENGTH_EXCEEDED: ['its chain of certificates is longer than its authority allows', 'broken'],
  INVALID_CA: ['its certificate was issued by a certificate that is no authority', 'broken'],
  INVALID_PURPOSE: ['its certificate is not for servers', 'broken'],
  CERT_SIGNATURE_FAILURE: ['the signature of its certificate is wrong', 'broken'],
  UNABLE_TO_DECRYPT_CERT_SIGNATURE: ['the signature of its certificate cannot be read', 'broken'],
  UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY: ['the key of its authority cannot be read', 'broken'],
  ERROR_IN_CERT_NOT_BEFORE_FIELD: ['the dates of its certificate are malformed', 'broken'],
  ERROR_IN_CERT_NOT_AFTER_FIELD: ['the dates of its certificate are malformed', 'broken'],
  OUT_OF_MEM: ['there is not enough memory to check its certificate', 'system'],
};

/** Of the handshake; the part behind `ERR_SSL_`, as the beginning or the end of it. */
const handshakeWords: readonly (readonly [RegExp, string, Cure])[] = [
  [/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST/, 'it does not speak TLS', 'scheme'],
  [
    /PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|NO_PROTOCOLS_AVAILABLE|VERSION_TOO_LOW|INAPPROPRIATE_FALLBACK/,
    'it speaks only versions of TLS that this client refuses',
    'version',
  ],
  [
    /CERTIFICATE_REQUIRED|ALERT_(?:BAD|NO|UNKNOWN|UNSUPPORTED|REVOKED|EXPIRED)_?CERTIFICATE|CERTIFICATE_(?:UNKNOWN|EXPIRED|REVOKED)|ALERT_UNKNOWN_CA|ALERT_ACCESS_DENIED/,
    'it asks for a certificate of the client',
    'client',
  ],
  [/(?:KEY_TOO_SMALL|MD_TOO_WEAK|DIGEST_TOO_WEAK|BAD_ECPOINT)/, 'its key or certificate is too weak', 'key'],
  [/NO_SHARED_CIPHER|INSUFFICIENT_SECURITY/, 'it has no cipher in common with this client', 'version'],
  [/HANDSHAKE_FAILURE/, 'it refused the TLS handshake', 'refused'],
  [/UNRECOGNIZED_NAME/, 'it does not know this host name', 'name'],
];

export interface TlsWords {
  readonly words: string;
  readonly hint: string;
}

/** Undefined for an error that does not come from TLS. `place`: host and port for a command to copy. */
export function describeTlsError(error: Error, code: string, place: string): TlsWords | undefined {
  const say = (words: string, cure: Cure): TlsWords => ({
    words,
    hint: cures[cure].replace('HOST:PORT', place),
  });
  const known = certificateWords[code];
  if (known) {
    const names = code === 'ERR_TLS_CERT_ALTNAME_INVALID' ? listNames(error) : '';
    return say(names === '' ? known[0] : `its certificate is for ${names}`, known[1]);
  }
  // Codes that Node does not know; the words are OpenSSL's own.
  if (code === 'UNSPECIFIED')
    return say(
      `its certificate is not accepted: ${error.message}`,
      /too (?:weak|small)/i.test(error.message) ? 'key' : 'broken',
    );
  if (/CRL/.test(code)) return say('its certificate cannot be checked for revocation', 'revoked');
  const openssl = code === 'EPROTO' ? error.message.toUpperCase().replaceAll(' ', '_') : code;
  if (!/^(?:EPROTO|ERR_SSL_|ERR_TLS_|ERR_OSSL_)/.test(code)) return undefined;
  const found = handshakeWords.find(([pattern]) => pattern.test(openssl));
  return found ? say(found[1], found[2]) : say('the TLS handshake failed', 'handshake');
}

/** What the certificate is for; text of a stranger, so cut, and escaped where it is shown. */
function listNames(error: Error): string {
  const cert =
    'cert' in error ? (error.cert as { subjectaltname?: unknown; subject?: { CN?: unknown } }) : {};
  const { subjectaltname: listed, subject } = cert;
  const text = typeof listed === 'string' ? listed : subject?.CN;
  if (typeof text !== 'string') return '';
  const names = text.replaceAll(/\b(?:DNS|IP Address):/g, '').split(', ');
  return names.slice(0, 5).join(', ').slice(0, 200) + (names.length > 5 ? ', …' : '');
}
