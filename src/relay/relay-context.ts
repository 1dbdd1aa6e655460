/** The objects that each handler gets, and the type of a handler. */
import type { Admitted } from './exchange.ts';
import type { KnownKeys } from './known-keys.ts';
import type { LongPolls } from './long-polls.ts';
import type { NextAnswers } from './next-answers.ts';
import type { OuterAddresses } from './outer-address.ts';
import type { Presence } from './presence.ts';
import type { RelayOptions } from './relay-options.ts';
import type { Sessions } from './sessions.ts';

export interface RelayContext {
  readonly options: RelayOptions;
  readonly sessions: Sessions;
  readonly keys: KnownKeys;
  readonly polls: LongPolls;
  readonly presence: Presence;
  readonly outerAddresses: OuterAddresses;
  readonly nextAnswers: NextAnswers;
  /** Base URL of the server: its scheme, and the address to which it is bound. */
  readonly local: () => string;
  /**
   * True once the shutdown has begun: the relay finishes the requests in flight and accepts no new sessions or
   * commands.
   */
  readonly isDraining: () => boolean;
}

export type Handler = (admitted: Admitted, relay: RelayContext) => Promise<unknown>;
