/** The terminal sequences that untrusted output may use: colours, and erasing a row. All others are shown as text. */

/** A colour: a sequence without any other effect. Limited to 40 characters of numbers. */
export const colour = /^\x1b\[[0-9;:]{0,40}m/;

/** All colours in a text. */
export const colours = /\x1b\[[0-9;:]{0,40}m/g;

/** Erases the row, or the rest of it. Dropped next to a carriage return, which erases the row here anyway. */
export const erase = /^\x1b\[[02]?K/;

/** Text that more bytes may complete to a sequence, or to an erase sequence before a carriage return. */
export const unfinished = /^\x1b(?:\[(?:[0-9;:]{0,40}|[02]?K))?$/;
