/** Limits the memory of all bodies together: a few KB of gzip can decode to 75 MiB, from many clients at once. */
import { Refusal } from '../protocol/errors.ts';
import { maxInflation } from '../protocol/limits.ts';
import { chooseAccount } from '../session/account.ts';

/** Enough for over a hundred uploads of output at once, and for four times as many from listeners that are not behind. */
const minBytes = 512 * 1024 * 1024;

/** The share of one request. */
export interface BodyAccount {
  /** Throws `relay_busy` if the budget, or the share of this address, is used up; `body_cut` once the account is closed. */
  take(bytes: number): void;
  /** Returns the whole share to the budget when the request is over. Code that still processes the body gets an error from take(). */
  close(): void;
}

export class BodyBudget {
  readonly #most: number;
  readonly #perAddress = new Map<string, number>();
  #used = 0;

  /**
   * `maxBodyBytes`: the limit of one body on the wire. Two of the largest bodies always fit, and one of them into the
   * share of an address.
   */
  constructor(maxBodyBytes: number) {
    this.#most = Math.max(minBytes, 2 * (1 + maxInflation) * maxBodyBytes);
  }

  openAccount(address: string): BodyAccount {
    return new Account(this, address);
  }

  /** Throws `relay_busy` if the budget, or the share of this address, is used up. */
  take(key: string, bytes: number): void {
    // One address can use half, so that the other half is free for all others.
    const isFull = this.#used + bytes > this.#most;
    const hasShare = (this.#perAddress.get(key) ?? 0) + bytes <= this.#most / 2;
    if (isFull || !hasShare) throw new Refusal('relay_busy', undefined, { 'retry-after': '1' });
    this.#add(key, bytes);
  }

  give(key: string, bytes: number): void {
    this.#add(key, -bytes);
  }

  #add(key: string, bytes: number): void {
    this.#used += bytes;
    const ofAddress = (this.#perAddress.get(key) ?? 0) + bytes;
    if (ofAddress > 0) this.#perAddress.set(key, ofAddress);
    else this.#perAddress.delete(key);
  }
}

/** Computes the key of its address only in take(), since most requests have no body. */
class Account implements BodyAccount {
  readonly #budget: BodyBudget;
  readonly #address: string;
  #key = '';
  #taken = 0;
  #isOpen = true;

  constructor(budget: BodyBudget, address: string) {
    this.#budget = budget;
    this.#address = address;
  }

  take(bytes: number): void {
    if (!this.#isOpen) throw new Refusal('body_cut');
    if (this.#key === '') this.#key = chooseAccount(this.#address);
    this.#budget.take(this.#key, bytes);
    this.#taken += bytes;
  }

  close(): void {
    this.#isOpen = false;
    if (this.#taken > 0) this.#budget.give(this.#key, this.#taken);
    this.#taken = 0;
  }
}
