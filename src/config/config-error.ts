/** `usage`: the words on the command line. `session`: the session that they name. `setting`: what was stored or set in the environment. */
export type ConfigErrorKind = 'usage' | 'session' | 'setting';

/** A setting that cannot be used: what is wrong with which value, and what to do about it. */
export class ConfigError extends Error {
  readonly hint: string;
  readonly kind: ConfigErrorKind;

  constructor(message: string, hint: string, kind: ConfigErrorKind = 'usage') {
    super(message);
    this.hint = hint;
    this.kind = kind;
  }
}
