// What every JavaScript client is asked to do, and how it reports: as python/common.py.
export const BASE = process.env.THREEGATE_CLIENTS_BASE;
export const OPENAI = `${BASE}/v1`;
export const MODEL = "deepseek-chat";
export const PHONE = "13812345678";
export const ASK = `My phone number is ${PHONE}, please repeat it.`;
export const ASK_TOOL = `Use the tool to send a message to ${PHONE}.`;
export const ASK_STRUCTURED = `Extract the contact: Li Lei, ${PHONE}.`;
export const SENT = `Message to ${PHONE} sent.`;
export const KEY = `Why does ssh refuse this key?
-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtz
-----END OPENSSH PRIVATE KEY-----
`;
export const BLOCKED = "private key";

export function shows(text, words = PHONE) {
  if (!String(text).includes(words)) {
    throw new Error(`${words} is missing in an answer of ${String(text).length} characters`);
  }
}

export async function blocks(ask) {
  let answer;
  try {
    answer = await ask();
  } catch (error) {
    console.error(JSON.stringify({ raised: error.name }));
    return;
  }
  shows(answer, BLOCKED);
}

export async function run(cases) {
  for (const [name, one] of Object.entries(cases)) {
    let outcome = "ok";
    try {
      await one();
    } catch (error) {
      outcome = `${error.name}: ${String(error.message).slice(0, 300)}`;
    }
    console.log(JSON.stringify({ case: name, outcome }));
  }
}
