/** The service name in `GET /api/health`, the same as in the original remotify.run API: existing clients look for it. */
export const serviceName = 'remotify.run';
