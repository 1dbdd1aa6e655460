/** Where the built page is. In `dist/` the relay is beside it: the build replaces this module. */
export const pageFolder = new URL('../../dist/landing/', import.meta.url);
