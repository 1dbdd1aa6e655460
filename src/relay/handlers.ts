/** The table of handlers: one for each method of each route. */
import type { Method, RouteName } from '../protocol/routes.ts';
import { cancel, listCommands, pushToQueue, readCommand } from './handlers/commands.ts';
import { readHealth } from './handlers/health.ts';
import { decline, finish, leave, lookAtNext, postOutput, readControl, start } from './handlers/listener.ts';
import { readOutput } from './handlers/output.ts';
import { readReadiness } from './handlers/ready.ts';
import { serveRunner } from './handlers/runner.ts';
import { endSession, makeSession, readSession, readStatus, reset } from './handlers/sessions.ts';
import { dropSlotCommand, pushSlotCommand, takeSlotCommand } from './handlers/slot-command.ts';
import { dropSlotResult, postSlotResult, takeSlotResult } from './handlers/slot-result.ts';
import { putStdin, readStdin } from './handlers/stdin.ts';
import { servePage, servePageIcon, servePageScript, servePageStyle } from './page.ts';
import type { Handler } from './relay-context.ts';

export const handlers: Readonly<Record<RouteName, Readonly<Partial<Record<Method, Handler>>>>> = {
  page: { GET: servePage },
  pageStyle: { GET: servePageStyle },
  pageIcon: { GET: servePageIcon },
  pageScript: { GET: servePageScript },
  health: { GET: readHealth },
  ready: { GET: readReadiness },
  sessions: { POST: makeSession },
  session: { GET: readSession, DELETE: endSession },
  status: { GET: readStatus },
  reset: { POST: reset },
  slotCommand: { GET: takeSlotCommand, POST: pushSlotCommand, DELETE: dropSlotCommand },
  slotResult: { GET: takeSlotResult, POST: postSlotResult, DELETE: dropSlotResult },
  runner: { GET: serveRunner },
  commands: { GET: listCommands, POST: pushToQueue },
  command: { GET: readCommand, DELETE: cancel },
  output: { GET: readOutput, POST: postOutput },
  stdin: { GET: readStdin, PUT: putStdin },
  next: { GET: lookAtNext },
  leave: { POST: leave },
  start: { POST: start },
  decline: { POST: decline },
  control: { GET: readControl },
  finish: { POST: finish },
};
