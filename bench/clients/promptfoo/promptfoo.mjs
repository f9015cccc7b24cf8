// promptfoo: evaluations with its OpenAI provider, as `promptfoo eval` runs them. It does not stream.
import promptfoo from "promptfoo";
import { ASK, ASK_STRUCTURED, ASK_TOOL, BLOCKED, KEY, MODEL, OPENAI, PHONE, run, shows } from "./common.mjs";

const parameters = { type: "object", properties: { to: { type: "string" } }, required: ["to"] };
const schema = {
  type: "object",
  properties: { name: { type: "string" }, phone: { type: "string" } },
  required: ["name", "phone"],
  additionalProperties: false,
};
const STRUCTURED = {
  response_format: { type: "json_schema", json_schema: { name: "contact", strict: true, schema } },
};

// The result of one test case with this text; its assertions must hold.
async function evaluated(text, assert = [], config = {}) {
  const made = await promptfoo.evaluate(
    {
      prompts: ["{{text}}"],
      providers: [{ id: `openai:chat:${MODEL}`, config: { apiBaseUrl: OPENAI, apiKey: "any", ...config } }],
      tests: [{ vars: { text }, assert }],
    },
    { cache: false, maxConcurrency: 1, showProgressBar: false },
  );
  const [result] = (await made.toEvaluateSummary()).results;
  if (!result.success) throw new Error(result.error);
  return result.response;
}

const received = [];
const tools = {
  tools: [{ type: "function", function: { name: "send_message", parameters } }],
  functionToolCallbacks: {
    send_message: async (args) => {
      received.push(JSON.parse(args).to);
      return "sent";
    },
  },
};

await run({
  plain: () => evaluated(ASK, [{ type: "contains", value: PHONE }]),
  tools: async () => {
    await evaluated(ASK_TOOL, [], tools);
    shows(received);
  },
  structured: async () => {
    const { output } = await evaluated(ASK_STRUCTURED, [{ type: "is-json", value: schema }], STRUCTURED);
    shows(output.phone);
  },
  blocked: () => evaluated(KEY, [{ type: "icontains", value: BLOCKED }, { type: "not-guardrails" }]),
  refused: async () => {
    const made = await evaluated(KEY, [{ type: "icontains", value: BLOCKED }], STRUCTURED);
    if (!made.isRefusal) throw new Error("no refusal");
  },
});
process.exit(0); // its database keeps the process alive
