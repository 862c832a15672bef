// The SDK of Anthropic for JavaScript. APIs: messages, messages-helper (.stream()), models, count.
import { PERSON, PICTURE, WEATHER, load, main, weather } from "./jobs.mjs";

const { default: Anthropic } = await load("@anthropic-ai/sdk");

const client = (job) => new Anthropic({
  baseURL: job.base, authToken: job.key ?? "any", apiKey: null, timeout: 1000 * (job.timeout ?? 30), maxRetries: job.retries ?? 0,
});

function requestOf(job) {
  const content = [{ type: "text", text: job.prompt }];
  if (job.case === "image")
    content.push({ type: "image", source: { type: "base64", media_type: "image/png", data: PICTURE } });
  const request = { model: job.model, max_tokens: 2000, system: "Be brief.", messages: [{ role: "user", content }] };
  if (job.case === "tools")
    request.tools = [{ name: "get_weather", description: "The weather of a city", input_schema: WEATHER }];
  if (job.case === "schema") request.output_config = { format: { type: "json_schema", schema: PERSON } };
  if (job.case === "reasoning") request.thinking = { type: "enabled", budget_tokens: 1024 };
  return request;
}

function takeMessage(message, seen) {
  const texts = (kind, name) => message.content.filter((b) => b.type === kind).map((b) => b[name]);
  seen.text = texts("text", "text").join("");
  seen.reasoning = texts("thinking", "thinking").join("");
  seen.signatures = texts("thinking", "signature");
  seen.finish = message.stop_reason;
  const usage = message.usage;
  if (usage) seen.usage = { in: usage.input_tokens, out: usage.output_tokens, cached: usage.cache_read_input_tokens };
  return message.content;
}

async function whole(c, request, seen) {
  return takeMessage(await c.messages.create(request), seen);
}

async function helper(c, request, seen, untilDelta) {
  const stream = c.messages.stream(request);
  if (untilDelta) {
    await stream.emitted("text");
    return stream.abort(), [];
  }
  return takeMessage(await stream.finalMessage(), seen);
}

// As a program does that reads the events itself. It does not look for the last one.
async function byEvents(c, request, seen, untilDelta) {
  const blocks = [], pieces = [];
  const stream = await c.messages.create({ ...request, stream: true });
  for await (const event of stream) {
    if (event.type === "content_block_start") blocks[event.index] = event.content_block;
    else if (event.type === "content_block_delta") {
      const block = blocks[event.index], delta = event.delta;
      if (delta.type === "text_delta") block.text += delta.text;
      else if (delta.type === "thinking_delta") block.thinking += delta.thinking;
      else if (delta.type === "signature_delta") block.signature = delta.signature;
      else if (delta.type === "input_json_delta") pieces[event.index] = (pieces[event.index] ?? "") + delta.partial_json;
      if (untilDelta && delta.type === "text_delta") return stream.controller.abort(), [];
    } else if (event.type === "message_delta") {
      seen.finish = event.delta.stop_reason ?? seen.finish;
      const usage = event.usage;
      if (usage) seen.usage = { in: usage.input_tokens, out: usage.output_tokens, cached: usage.cache_read_input_tokens };
    }
  }
  pieces.forEach((text, index) => { blocks[index].input = JSON.parse(text || "{}"); });
  const usage = seen.usage, finish = seen.finish;
  takeMessage({ content: blocks }, seen);
  Object.assign(seen, { usage, finish });
  return blocks;
}

await main(async (job, seen) => {
  const c = client(job), request = requestOf(job);
  if (job.api === "models") {
    seen.models = [];
    for await (const one of c.models.list()) seen.models.push(one);
    return;
  }
  if (job.api === "count") {
    seen.count = (await c.messages.countTokens({ model: job.model, messages: request.messages })).input_tokens;
    return;
  }
  const streamed = job.api === "messages-helper" ? helper : byEvents;
  if (job.case === "cancel") return streamed(c, request, seen, true);
  const ask = job.stream ? streamed : whole;
  const blocks = await ask(c, request, seen);
  const calls = blocks.filter((block) => block.type === "tool_use");
  seen.calls = calls.map((call) => ({ name: call.name, arguments: call.input }));
  if (job.case === "tools" && calls.length) {
    seen.first_finish = seen.finish;
    request.messages.push({ role: "assistant", content: blocks });
    request.messages.push({ role: "user", content: calls.map((call) => (
      { type: "tool_result", tool_use_id: call.id, content: weather(call.input) })) });
    await ask(c, request, seen);
  }
});
