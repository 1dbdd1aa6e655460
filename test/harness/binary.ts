import { fileURLToPath } from 'node:url';

export const binaryPath = fileURLToPath(new URL('../../bin/remotify.js', import.meta.url));
