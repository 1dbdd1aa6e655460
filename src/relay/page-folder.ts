/** The folder of the built page. In `dist/` the page is next to the relay: the build replaces this module. */
export const pageFolder = new URL('../../dist/landing/', import.meta.url);
