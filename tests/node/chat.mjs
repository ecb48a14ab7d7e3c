// The openai SDK for Node as a client of the gateway: node chat.mjs BASE_URL PROVIDER
// Prints what the SDK made of each answer, as one JSON object.
import OpenAI from "openai";

const [baseURL, provider] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey: "canary-client-bearer", maxRetries: 0, timeout: 15_000 });
const completions = client.chat.completions;

const weather = {
  type: "function",
  function: {
    name: "weather",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
};

const asking = (model, fields = {}) => ({
  model: `${provider}/${model}`,
  messages: [{ role: "user", content: "Hi from Node" }],
  max_tokens: 500,
  ...fields,
});

async function whole(model, fields) {
  const { id, object, choices, usage } = await completions.create(asking(model, fields));
  return { id, object, choices, usage };
}

// Piece by piece: all that was said, and each call's arguments put together by the index of the call.
async function streamed(model, fields) {
  const stream = await completions.create(
    asking(model, { ...fields, stream: true, stream_options: { include_usage: true } }),
  );
  const got = { ids: [], pieces: [], calls: [], finishes: [], usage: null };
  for await (const { id, choices, usage } of stream) {
    if (!got.ids.includes(id)) got.ids.push(id);
    got.usage = usage ?? got.usage;
    for (const { delta, finish_reason } of choices) {
      if (delta.content) got.pieces.push(delta.content);
      for (const call of delta.tool_calls ?? []) accumulate(got.calls, call);
      if (finish_reason) got.finishes.push(finish_reason);
    }
  }
  return got;
}

function accumulate(calls, { index, id, function: { name, arguments: fragment } }) {
  calls[index] ??= { id, name, fragments: 0, arguments: "" };
  calls[index].fragments += fragment ? 1 : 0;
  calls[index].arguments += fragment ?? "";
}

// The SDK's own accumulation, which raises on what it can't put together.
async function accumulated(model, fields) {
  const { choices } = await completions.stream(asking(model, fields)).finalChatCompletion();
  return choices;
}

// Both turns of a conversation: the SDK calls the function itself and sends back what it returned.
async function ran(stream) {
  const called = [];
  const run = async (args) => called.push(args) && `sunny in ${args.city}`;
  const tool = { ...weather, function: { ...weather.function, function: run, parse: JSON.parse } };
  const runner = completions.runTools(asking("tools", { tools: [tool], stream }));
  return { content: await runner.finalContent(), called };
}

async function left() {
  const stream = await completions.create(asking("slow-20ms", { stream: true }));
  let pieces = 0;
  for await (const chunk of stream) {
    pieces += chunk.choices[0]?.delta.content ? 1 : 0;
    if (pieces === 2) break;
  }
  return { pieces, aborted: stream.controller.signal.aborted };
}

async function failure(ask) {
  try {
    await ask();
  } catch (error) {
    const { status, type, code, message } = error;
    return { raised: error.constructor.name, status, type, code, message };
  }
  return { raised: null };
}

async function listed() {
  const ids = [];
  for await (const model of client.models.list()) ids.push(model.id);
  return ids;
}

const offered = { tools: [weather] };
const results = {
  whole: await whole("hello"),
  streamed: await streamed("hello"),
  utf8: [await whole("utf8"), await streamed("utf8")],
  tools: await whole("parallel-tools", offered),
  streamed_tools: await streamed("parallel-tools", offered),
  text_and_tools: await streamed("text-and-tools", offered),
  accumulated: await accumulated("text-and-tools", offered),
  ran: [await ran(false), await ran(true)],
  left: await left(),
  rate_limited: await failure(() => whole("429")),
  broken_off: await failure(() => streamed("error-mid")),
  unknown: await failure(() => client.models.retrieve("no-such-model")),
  models: await listed(),
};
console.log(JSON.stringify(results));
