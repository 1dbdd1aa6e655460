/** Numbers that both ends rely on, with unit and reason. The chain is held by a test: poll < silence < client's time-out. */

/** How long a poll is held unless LONGPOLL_MS says otherwise; under the 30 s idle cut of the strictest platforms. */
export const defaultLongPollMs = 15_000;

/** The longest `?wait=` that is honoured: under the 30 s idle cut of the strictest proxies. */
export const maxWaitSeconds = 25;

/** Added to the wait asked for before a client gives an answer up: a slow link, a busy relay. */
export const answerGraceMs = 15_000;

/** A listener that was not heard for this long is gone: a held poll, its answer and one failed retry fit in. */
export const listenerSilenceMs = 45_000;

/**
 * After a listener's socket closed without an answer: time for it to come back over a slow link before it counts as gone. One
 * that ends, or is killed, says so; this is for those that vanish with all of their processes.
 */
export const listenerGraceMs = 10_000;

/** A slot poll this long after a pickup is another listener, not a retry of the same one. */
export const slotReplacedMs = 2_000;

/** A command pushed through the commands resource: more is a file, not a command. */
export const maxScriptBytes = 1024 * 1024;

/** One upload of output or input. Senders begin with 1 MiB, which every proxy takes, and with more only while they are behind. */
export const maxChunkBytes = 16 * 1024 * 1024;

/** One answer with output or input, unless its reader says how much it wants. */
export const maxReadBytes = 1024 * 1024;

/** The most that a reader may ask for with `limit=`: it is on its way in pieces, and all of it in the memory of the reader. */
export const maxWantedBytes = 4 * 1024 * 1024;

/** Commands waiting in one session. */
export const maxQueuedCommands = 32;

/** Ended commands that a session remembers, newest first. */
export const maxEndedCommands = 100;

/** After the end of a command its Idempotency-Key is remembered for at least this long, also when the command is not. */
export const pastKeyMs = 3_600_000;

/**
 * Idempotency-Keys of forgotten commands that a session remembers: 28 commands a second for an hour, some 30 MB. A push with a key
 * that could not be remembered is refused.
 */
export const maxPastKeys = 100_096;

/** A reader of the result slot is renewed several times within this span while it reads, and is given up after it. */
export const slotReaderMs = 30_000;

/** How long a command pushed through the commands resource waits for its turn. */
export const defaultQueueSeconds = 600;

/** The longest that a command may wait for its turn: a day. */
export const maxQueueSeconds = 86_400;

/** The longest `?timeout=`, 31 years: a runner refuses a frame whose timeout has more digits. */
export const maxTimeoutSeconds = 999_999_999;

/** Session lifetime after the last request on its key. */
export const defaultTtlSeconds = 10_800;

/** A command picked up through the slot gives no sign of life; after a day without a word it no longer keeps its session. */
export const maxSilentRunMs = 86_400_000;

/** Wire limit of one body, `MAX_BODY_SIZE`; three times as much once decoded. */
export const defaultMaxBodyBytes = 25 * 1024 * 1024;
export const maxInflation = 3;

/** Between TERM and KILL when a command is stopped. */
export const killAfterSeconds = 10;

/** A name for a push that may be repeated; longer ones are a mistake. */
export const maxIdempotencyKeyLength = 128;

/** The operator's words when declining. */
export const maxReasonLength = 500;

/** Characters of a script that lists of commands show. */
export const maxTextLength = 200;

/** Host, user and the like, as a listener says of itself. */
export const maxLabelLength = 80;

/**
 * Requests that one relay holds at once: each costs 10–20 KiB, so that all of them fit in the memory of a small machine.
 * Beyond it, as beyond the two limits below, the one that has waited longest is answered with 204.
 */
export const defaultHeldPolls = 32_768;

/** From one address: an office behind one NAT, and no more than an eighth of all. */
export const defaultAddressPolls = 4_096;

/** On one session: a listener, its control poll, and whoever reads along. */
export const defaultSessionPolls = 128;

/** Sessions of one address that are alive at once. */
export const defaultAddressSessions = 2_048;

/** Scripts, input and output of one session: both streams of one command at their limit fit in. */
export const defaultSessionQuotaBytes = 4 * 1024 ** 3;

/** The same, of all sessions that one address made. */
export const defaultAddressQuotaBytes = 16 * 1024 ** 3;

/**
 * The same two for a store in memory, the relay's own or that of Redis: one address fills no more than a small machine can spare, and
 * one session no more than a quarter of that. A larger output is cut, and its command says so.
 */
export const memorySessionQuotaBytes = 256 * 1024 ** 2;
export const memoryAddressQuotaBytes = 1024 ** 3;

/** Output that is taken although a quota is used up: the line that says what is missing. */
export const overQuotaAllowanceBytes = 4 * 1024;

/** How far beyond a quota such lines may go, all together. */
export const overQuotaExcessBytes = 1024 * 1024;
