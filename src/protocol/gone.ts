/** The error text for a session that the relay does not have. A client also uses it for a 410 without a text. */
export const goneText = 'no such session: unknown, expired or ended';
