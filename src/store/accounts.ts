/** Running totals per account: its sessions and their bytes. A check costs the same however many sessions there are. */
import { Refusal } from '../protocol/errors.ts';
import { chooseAccount } from '../session/account.ts';
import { usedBytes } from '../session/open-commands.ts';
import type { Session } from '../session/session.ts';
import type { AccountLimits } from './store.ts';

interface Account {
  readonly names: Set<string>;
  bytes: number;
}

export class Accounts {
  readonly #accounts = new Map<string, Account>();

  #of({ madeFrom }: Session): Account | undefined {
    if (madeFrom === null) return undefined;
    const key = chooseAccount(madeFrom);
    const account = this.#accounts.get(key) ?? { names: new Set(), bytes: 0 };
    this.#accounts.set(key, account);
    return account;
  }

  /** Counts a session that exists or is about to be stored. Throws `too_many_sessions`. */
  add(session: Session, limits?: AccountLimits): void {
    const account = this.#of(session);
    if (!account) return;
    if (limits && account.names.size >= limits.sessions) throw new Refusal('too_many_sessions');
    account.names.add(session.name);
    account.bytes += usedBytes(session);
  }

  remove(session: Session): void {
    const account = this.#of(session);
    if (!account?.names.delete(session.name)) return;
    account.bytes -= usedBytes(session);
    if (account.names.size === 0) this.#accounts.delete(chooseAccount(session.madeFrom ?? ''));
  }

  /** Counts new bytes before they are written, so that simultaneous updates cannot pass the limit together. Throws `address_quota`. */
  reserve(session: Session, growth: number, allowedExcess: number, limits?: AccountLimits): void {
    const account = growth === 0 ? undefined : this.#of(session);
    if (!account) return;
    const isOver = limits !== undefined && account.bytes + growth > limits.bytes + allowedExcess;
    if (growth > 0 && isOver) throw new Refusal('address_quota');
    account.bytes += growth;
  }

  list(key: string): readonly string[] {
    return [...(this.#accounts.get(key)?.names ?? [])];
  }
}
