/** What a relay answers for a session that it does not have, and what a client reads in a bare 410. */
export const goneText = 'no such session: unknown, expired or ended';
