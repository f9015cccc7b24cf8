// Vercel AI SDK, with its provider for OpenAI-compatible servers.
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { Output, generateText, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";
import { ASK, ASK_STRUCTURED, ASK_TOOL, BLOCKED, KEY, MODEL, OPENAI, SENT, blocks, run, shows } from "./common.mjs";

const provider = createOpenAICompatible({
  name: "threegate",
  baseURL: OPENAI,
  apiKey: "any",
  supportsStructuredOutputs: true,
});
const model = provider(MODEL);
const Contact = z.object({ name: z.string(), phone: z.string() });
const received = [];
const tools = {
  send_message: tool({
    description: "Sends a message.",
    inputSchema: z.object({ to: z.string() }),
    execute: async ({ to }) => {
      received.push(to);
      return SENT;
    },
  }),
};
const structured = async (prompt) =>
  (await generateText({ model, prompt, output: Output.object({ schema: Contact }) })).output;

await run({
  plain: async () => shows((await generateText({ model, prompt: ASK })).text),
  streamed: async () => {
    let text = "";
    for await (const piece of streamText({ model, prompt: ASK }).textStream) text += piece;
    shows(text);
  },
  tools: async () => {
    const made = await generateText({ model, prompt: ASK_TOOL, tools, stopWhen: stepCountIs(3) });
    shows(made.text);
    shows(received[0]);
    let streamed = "";
    const stream = streamText({ model, prompt: ASK_TOOL, tools, stopWhen: stepCountIs(3) });
    for await (const piece of stream.textStream) streamed += piece;
    shows(streamed);
    if (received.length !== 2) throw new Error(`${received.length} calls`);
  },
  structured: async () => shows((await structured(ASK_STRUCTURED)).phone),
  blocked: async () => shows((await generateText({ model, prompt: KEY })).text, BLOCKED),
  refused: async () => blocks(() => structured(KEY)),
});
