/** The list of all tools, and their descriptions for hosts (`tools/list`). */
import { cancelTool } from './cancel-tool.ts';
import { execTool } from './exec-tool.ts';
import type { Fields } from './fields.ts';
import { infoTool } from './info-tool.ts';
import { outputTool } from './output-tool.ts';
import { readFileTool } from './read-file-tool.ts';
import { resetTool } from './reset-tool.ts';
import type { Tool } from './tool.ts';
import { writeFileTool } from './write-file-tool.ts';

export const tools: readonly Tool[] = [
  execTool,
  outputTool,
  cancelTool,
  readFileTool,
  writeFileTool,
  infoTool,
  resetTool,
];

function describeInput(fields: Fields) {
  const required = Object.keys(fields).filter((name) => fields[name]?.isRequired === true);
  const properties = Object.fromEntries(Object.entries(fields).map(([name, { schema }]) => [name, schema]));
  return { type: 'object' as const, properties, ...(required.length > 0 && { required }) };
}

/** Without output schemas: answers are text, and every conversation pays for the size of this list. */
export function listTools() {
  return tools.map(({ name, title, description, hints, fields }) => ({
    name,
    title,
    description,
    inputSchema: describeInput(fields),
    annotations: hints,
  }));
}
