/** Turns off schema compilation in zod, which would slow down the start. Must be imported before any module with a schema. */
import { config } from 'zod';

config({ jitless: true });
