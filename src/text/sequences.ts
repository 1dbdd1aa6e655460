/** The sequences of a terminal that untrusted output may use: colours, and the erasing of a row. All others are shown as text. */

/** A colour: the one sequence that does no more than it says. At most a few numbers. */
export const colour = /^\x1b\[[0-9;:]{0,40}m/;

/** All of them in a text. */
export const colours = /\x1b\[[0-9;:]{0,40}m/g;

/** Erases the row, or the rest of it. Beside a carriage return it is not needed: that erases the row by itself. */
export const erase = /^\x1b\[[02]?K/;

/** What may become one of them, or an erasure and a carriage return, with more bytes. */
export const unfinished = /^\x1b(?:\[(?:[0-9;:]{0,40}|[02]?K))?$/;
