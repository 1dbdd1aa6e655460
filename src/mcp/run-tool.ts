/** Runs a tool for a request of the host, and renders its answer or error. */
import type { ServerContext } from '@modelcontextprotocol/server';
import { answerError } from './describe-error.ts';
import { quoteValue } from '../text/ascii.ts';
import { readArguments } from './read-arguments.ts';
import { renderAnswer } from './render-answer.ts';
import type { Answer, Tool, ToolContext } from './tool.ts';
import { ToolError } from './tool-error.ts';

/** The response on the wire. Text only: if structuredContent is present too, several hosts show the model nothing else. */
export interface CallResult {
  [field: string]: unknown;
  content: { type: 'text'; text: string }[];
  isError?: true;
}

function findTool(tools: readonly Tool[], name: string): Tool {
  const tool = tools.find((one) => one.name === name);
  if (tool) return tool;
  const names = tools.map((one) => one.name).join(', ');
  throw new ToolError('input', `there is no tool ${quoteValue(name)}`, `the tools are ${names}`);
}

/** Never throws: an error becomes an answer with the cause and what to do about it. */
export async function runTool(
  context: ToolContext,
  tools: readonly Tool[],
  call: { name: string; arguments?: unknown },
  request: ServerContext,
): Promise<CallResult> {
  let answer: Answer;
  try {
    const tool = findTool(tools, call.name);
    const { values, notices } = readArguments(tool.name, tool.fields, call.arguments);
    answer = await tool.run(context, values, request);
    answer = { ...answer, words: [...answer.words, ...notices] };
  } catch (error) {
    answer = answerError(context, error);
  }
  const { words, untrusted = [], isError = false } = answer;
  return {
    content: [{ type: 'text', text: renderAnswer(words, untrusted) }],
    ...(isError && { isError: true as const }),
  };
}
