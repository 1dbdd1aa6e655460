/** Limits that relay, clients and listeners share. A test checks the order: poll < silence < client's timeout. */

/**
 * How long the relay holds a long poll unless LONGPOLL_MS is set; less than the 30 s idle timeout of the strictest
 * platforms.
 */
export const defaultLongPollMs = 15_000;

/** The longest `?wait=`: less than the 30 s idle timeout of the strictest proxies. */
export const maxWaitSeconds = 25;

/**
 * A client waits this much longer than the requested wait before it gives up a request: the link may be slow, the relay
 * busy.
 */
export const answerGraceMs = 15_000;

/**
 * After this time without a request a listener counts as gone: long enough for a held poll, its response and one failed
 * retry.
 */
export const listenerSilenceMs = 45_000;

/**
 * After a listener's socket closed without a response, it has this long to reconnect over a slow link before it counts
 * as gone. A listener that ends or is killed reports that; this limit is for listeners that disappear with all of their
 * processes.
 */
export const listenerGraceMs = 10_000;

/** A slot poll that comes this long after a pickup is from another listener; an earlier one is a retry. */
export const slotReplacedMs = 2_000;

/** The largest script pushed through the commands resource: anything larger is a file, not a command. */
export const maxScriptBytes = 1024 * 1024;

/**
 * The largest upload of output or input. Senders begin with 1 MiB, which every proxy accepts, and send more only while
 * they are behind.
 */
export const maxChunkBytes = 16 * 1024 * 1024;

/** The most output or input in one response, unless the reader sends `limit=`. */
export const maxReadBytes = 1024 * 1024;

/** The largest `limit=`: the relay sends the response in pieces, but the reader has all of it in memory. */
export const maxWantedBytes = 4 * 1024 * 1024;

/** Queued commands of one session. */
export const maxQueuedCommands = 32;

/** Ended commands that a session remembers, newest first. */
export const maxEndedCommands = 100;

/**
 * The relay remembers an Idempotency-Key for at least this long after its command ended, even if it has forgotten the
 * command.
 */
export const pastKeyMs = 3_600_000;

/**
 * Idempotency-Keys of forgotten commands that a session remembers: 28 commands a second for an hour, some 30 MB. The
 * relay refuses a push whose key it could not remember.
 */
export const maxPastKeys = 100_096;

/**
 * How long a reader's claim on the result slot lasts: renewed several times within this span while it reads, dropped
 * after it.
 */
export const slotReaderMs = 30_000;

/**
 * How long a command pushed through the commands resource may stay queued before it expires, unless `?expires=` is
 * given.
 */
export const defaultQueueSeconds = 600;

/** The longest `?expires=`: a day. */
export const maxQueueSeconds = 86_400;

/** The longest `?timeout=`, 31 years: a runner rejects a frame whose timeout has more digits. */
export const maxTimeoutSeconds = 999_999_999;

/** A session ends this long after the last request with its key. */
export const defaultTtlSeconds = 10_800;

/**
 * A slot listener sends nothing while it runs a command; after a day without a request the command no longer keeps its
 * session alive.
 */
export const maxSilentRunMs = 86_400_000;

/** Limit of one body on the wire, `MAX_BODY_SIZE`; decoded, it may have three times as many bytes. */
export const defaultMaxBodyBytes = 25 * 1024 * 1024;
export const maxInflation = 3;

/** Time between TERM and KILL when a listener stops a command. */
export const killAfterSeconds = 10;

/** Characters of an Idempotency-Key; a longer one is a mistake of the client. */
export const maxIdempotencyKeyLength = 128;

/** Characters of the operator's reason for declining. */
export const maxReasonLength = 500;

/** Characters of a script that the relay shows in lists of commands. */
export const maxTextLength = 200;

/** Characters of a host, user or client name that a listener or client gives for itself. */
export const maxLabelLength = 80;

/**
 * Long polls that one relay holds at once: each costs 10–20 KiB, so all of them fit in the memory of a small machine.
 * Beyond this limit, and beyond the two below, the relay answers the oldest poll with 204.
 */
export const defaultHeldPolls = 32_768;

/** Long polls from one address: enough for an office behind one NAT, and an eighth of all. */
export const defaultAddressPolls = 4_096;

/** Long polls on one session: a listener, its control poll, and clients that follow the output. */
export const defaultSessionPolls = 128;

/** Live sessions of one address. */
export const defaultAddressSessions = 2_048;

/** Bytes of scripts, input and output of one session: both streams of one command fit, each at its limit. */
export const defaultSessionQuotaBytes = 4 * 1024 ** 3;

/** The same for all sessions that one address created. */
export const defaultAddressQuotaBytes = 16 * 1024 ** 3;

/**
 * The same two for a store in memory, the relay's own or that of Redis: one address fills no more than a small machine can spare, and
 * one session no more than a quarter of that. The relay truncates a larger output and reports it with the command.
 */
export const memorySessionQuotaBytes = 256 * 1024 ** 2;
export const memoryAddressQuotaBytes = 1024 ** 3;

/** Output that the relay accepts although a quota is reached: the line that reports what is missing. */
export const overQuotaAllowanceBytes = 4 * 1024;

/** How far all such lines together may exceed a quota. */
export const overQuotaExcessBytes = 1024 * 1024;
