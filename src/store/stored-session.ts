/** A session as text on disk. The number is raised when an older relay could no longer read it. */
import { parseJsonFields, renderJson } from '../protocol/json-fields.ts';
import type { Session } from '../session/session.ts';

const format = 1;

export function renderStoredSession(session: Session): string {
  return renderJson({ format, session });
}

/** The session, or undefined for a damaged or foreign text. */
export function parseStoredSession(text: string): Session | undefined {
  const fields = parseJsonFields(text);
  if (fields?.['format'] !== format) return undefined;
  const session = fields['session'] as Session | null | undefined;
  const whole =
    typeof session?.name === 'string' &&
    typeof session.touchedAt === 'number' &&
    typeof session.nextNumber === 'number' &&
    Array.isArray(session.commands);
  if (!whole) return undefined;
  // What was not kept yet when an older relay wrote it.
  return {
    ...session,
    commands: session.commands.map((command) => ({ ...command, pushedBy: command.pushedBy ?? null })),
  };
}
