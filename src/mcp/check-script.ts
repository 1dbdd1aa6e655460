/** Rejects a script that is too long to be pushed as one command. */
import { maxScriptBytes } from '../protocol/limits.ts';
import { ToolError } from './tool-error.ts';

export function checkScript(script: string, hint: string): string {
  const bytes = Buffer.byteLength(script);
  if (bytes <= maxScriptBytes) return script;
  throw new ToolError(
    'input',
    `the command has ${bytes} bytes, and at most ${maxScriptBytes} can be sent`,
    hint,
  );
}
