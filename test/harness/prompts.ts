/** Texts of the listener and of the tests' terminal that several tests wait for. */

/** The question of a supervised listener. */
export const question = 'run it? [';

/** The listener is connected, in either mode. */
export const listening = 'listening as';

/** The listener has sent back a result. */
export const done = '<<< done';

/** A command that was cancelled or expired while its question was open. */
export const notRun = 'not run: cancelled or expired';

/** A long command, shown a screen at a time. */
export const morePages = '-- Enter: next page, q: stop --';

/** An answer other than the word of the question, while an earlier command may still use the terminal. */
export const wordNeeded = '(not approved: type the word in the question)';

/** The last line of a terminal whose command has ended; a status follows. */
export const ended = '[the command ended with';

/** The same with status 0. */
export const endedWell = '[the command ended with 0]';
