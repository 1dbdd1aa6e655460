/** What `GET /api/health` calls itself, word for word as in the seed: existing clients look for it. */
export const serviceName = 'remotify.run';
