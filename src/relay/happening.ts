/** What the relay's ledgers are told: something that happened to a session, once it is kept. */
import { type Change, listChanges } from '../session/changes.ts';
import type { Outcome, Session } from '../session/session.ts';
import { advance } from '../session/time.ts';

export interface Happening {
  /** The session's whole name: for look-ups, never for logs. */
  readonly session: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** The address whose request did it; null when it was time alone. */
  readonly from: string | null;
  readonly change: Change | { readonly subject: 'session'; readonly what: 'made' | 'ended' | 'expired' };
  /** The text of a command that is pushed. */
  readonly script?: Uint8Array;
}

export interface Ledger {
  tell(happening: Happening): void;
  /** Resolves once nothing that was told needs the store any more. */
  settled(): Promise<void>;
}

/** Of one update: what fell due by the clock first, then what the request did. */
export function listHappenings(
  before: Session,
  outcome: Outcome<unknown>,
  at: number,
  from: string | null,
): Happening[] {
  if (outcome.session === before) return [];
  const session = before.name;
  const onTime = advance(before, at);
  const scripts = outcome.put?.filter(({ part }) => part === 'script') ?? [];
  const byRequest = listChanges(onTime, outcome.session).map((change): Happening => {
    const isPush = change.subject === 'command' && change.what === 'pushed';
    const script = isPush ? scripts.find(({ id }) => id === change.command.id)?.bytes : undefined;
    return { session, at, from, change, ...(script && { script }) };
  });
  return [
    ...listChanges(before, onTime).map((change): Happening => ({ session, at, from: null, change })),
    ...byRequest,
  ];
}

/** One ledger of several. */
export function joinLedgers(ledgers: readonly Ledger[]): Ledger {
  return {
    tell: (happening) => {
      for (const ledger of ledgers) ledger.tell(happening);
    },
    settled: async () => void (await Promise.all(ledgers.map((ledger) => ledger.settled()))),
  };
}
