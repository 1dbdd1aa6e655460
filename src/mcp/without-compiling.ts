/** Comes before everything that has a schema: zod compiles each schema that it checks, which pays after many checks and not at a start. */
import { config } from 'zod';

config({ jitless: true });
