// @anthropic-ai/sdk: messages; a forced tool for the structured answer.
import Anthropic from "@anthropic-ai/sdk";
import { ASK, ASK_STRUCTURED, ASK_TOOL, BASE, BLOCKED, KEY, MODEL, SENT, run, shows } from "./common.mjs";

const client = new Anthropic({ baseURL: BASE, apiKey: "any" });
const user = (content) => [{ role: "user", content }];
const tool = {
  name: "send_message",
  input_schema: { type: "object", properties: { to: { type: "string" } }, required: ["to"] },
};
const create = (messages, more = {}) =>
  client.messages.create({ model: MODEL, max_tokens: 500, messages, ...more });
const textOf = (message) => message.content.map((block) => block.text ?? "").join("");
const callOf = (message) => message.content.find((block) => block.type === "tool_use");
const forced = { tools: [tool], tool_choice: { type: "tool", name: "send_message" } };

await run({
  plain: async () => shows(textOf(await create(user(ASK)))),
  streamed: async () => {
    const stream = client.messages.stream({ model: MODEL, max_tokens: 500, messages: user(ASK) });
    shows(textOf(await stream.finalMessage()));
  },
  tools: async () => {
    const messages = user(ASK_TOOL);
    const made = await create(messages, { tools: [tool] });
    const call = callOf(made);
    shows(call.input.to);
    const result = { type: "tool_result", tool_use_id: call.id, content: SENT };
    messages.push({ role: "assistant", content: made.content }, { role: "user", content: [result] });
    shows(textOf(await create(messages, { tools: [tool] })));
  },
  structured: async () => shows(callOf(await create(user(ASK_STRUCTURED), forced)).input.to),
  blocked: async () => shows(textOf(await create(user(KEY))), BLOCKED),
  refused: async () => {
    const made = await create(user(KEY), forced);
    if (made.stop_reason !== "refusal" || callOf(made)) throw new Error("no refusal");
  },
});
