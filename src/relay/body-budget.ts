/** How much of all bodies is in memory at once: a few KB of gzip are 75 MiB once decoded, and come from many at the same time. */
import { Refusal } from '../protocol/errors.ts';
import { maxInflation } from '../protocol/limits.ts';
import { chooseAccount } from '../session/account.ts';

/** More than a hundred uploads of output at once, and four times as many of listeners that are not behind. */
const minBytes = 512 * 1024 * 1024;

/** What one request has taken of it. */
export interface BodyAccount {
  /** Throws `relay_busy` where there is no room, for all or for this address; `body_cut` once it is closed. */
  take(bytes: number): void;
  /** Gives all of it back. The request is over: whoever still works on its body is to stop. */
  close(): void;
}

export class BodyBudget {
  readonly #most: number;
  readonly #perAddress = new Map<string, number>();
  #used = 0;

  /** `maxBodyBytes` is the limit of one body on the wire. Two of the largest bodies always fit in, and one from each address. */
  constructor(maxBodyBytes: number) {
    this.#most = Math.max(minBytes, 2 * (1 + maxInflation) * maxBodyBytes);
  }

  openAccount(address: string): BodyAccount {
    return new Account(this, address);
  }

  /** Throws `relay_busy` where there is no room, for all or for this address. */
  take(key: string, bytes: number): void {
    // One address leaves as much to all others.
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

/** Most requests have no body, and never take anything. */
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
