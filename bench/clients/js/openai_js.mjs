// openai (JavaScript): chat completions.
import OpenAI from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import { z } from "zod";
import { ASK, ASK_STRUCTURED, ASK_TOOL, BLOCKED, KEY, MODEL, OPENAI, SENT, run, shows } from "./common.mjs";

const client = new OpenAI({ baseURL: OPENAI, apiKey: "any" });
const Contact = z.object({ name: z.string(), phone: z.string() });
const user = (content) => [{ role: "user", content }];
const tool = {
  type: "function",
  function: {
    name: "send_message",
    parameters: { type: "object", properties: { to: { type: "string" } }, required: ["to"] },
  },
};
const create = (messages, more = {}) => client.chat.completions.create({ model: MODEL, messages, ...more });
const parse = (messages) =>
  client.chat.completions.parse({
    model: MODEL,
    messages,
    response_format: zodResponseFormat(Contact, "contact"),
  });

await run({
  plain: async () => shows((await create(user(ASK))).choices[0].message.content),
  streamed: async () => {
    let text = "";
    for await (const chunk of await create(user(ASK), { stream: true })) {
      text += chunk.choices[0]?.delta?.content ?? "";
    }
    shows(text);
  },
  tools: async () => {
    const messages = user(ASK_TOOL);
    const message = (await create(messages, { tools: [tool] })).choices[0].message;
    const call = message.tool_calls[0];
    shows(JSON.parse(call.function.arguments).to);
    messages.push(message, { role: "tool", tool_call_id: call.id, content: SENT });
    shows((await create(messages, { tools: [tool] })).choices[0].message.content);
  },
  structured: async () => shows((await parse(user(ASK_STRUCTURED))).choices[0].message.parsed.phone),
  blocked: async () => shows((await create(user(KEY))).choices[0].message.content, BLOCKED),
  refused: async () => shows((await parse(user(KEY))).choices[0].message.refusal, BLOCKED),
});
