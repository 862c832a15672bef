// The SDK openai for JavaScript. APIs: chat, chat-helper (.stream()), responses, responses-helper (.stream()), embeddings, models.
import { PERSON, PICTURE, WEATHER, load, main, weather } from "./jobs.mjs";

const { default: OpenAI } = await load("openai");
const TOOL = { name: "get_weather", description: "The weather of a city", parameters: WEATHER };

const client = (job) => new OpenAI({
  baseURL: job.base + "/v1", apiKey: job.key ?? "any", timeout: 1000 * (job.timeout ?? 30), maxRetries: job.retries ?? 0,
});

// ---- Chat Completions

function chatRequest(job) {
  const content = job.case !== "image" ? job.prompt : [
    { type: "text", text: job.prompt }, { type: "image_url", image_url: { url: "data:image/png;base64," + PICTURE } }];
  const request = { model: job.model, messages: [{ role: "system", content: "Be brief." }, { role: "user", content }] };
  if (job.case === "tools") request.tools = [{ type: "function", function: TOOL }];
  if (job.case === "schema")
    request.response_format = { type: "json_schema", json_schema: { name: "person", schema: PERSON, strict: true } };
  if (job.case === "reasoning") request.reasoning_effort = "low";
  return request;
}

function takeUsage(usage, seen) {
  if (usage) seen.usage = { in: usage.prompt_tokens, out: usage.completion_tokens,
                            cached: usage.prompt_tokens_details?.cached_tokens };
}

async function chatWhole(c, request, seen) {
  const answer = await c.chat.completions.create(request);
  const choice = answer.choices[0];
  seen.text = choice.message.content ?? "";
  seen.reasoning = choice.message.reasoning_content;
  seen.finish = choice.finish_reason;
  takeUsage(answer.usage, seen);
  return choice.message.tool_calls ?? [];
}

async function chatStreamed(c, request, seen, untilDelta) {
  const calls = [];
  seen.reasoning = "";
  const stream = await c.chat.completions.create({ ...request, stream: true, stream_options: { include_usage: true } });
  for await (const chunk of stream) {
    takeUsage(chunk.usage, seen);
    for (const choice of chunk.choices) {
      seen.text += choice.delta.content ?? "";
      seen.reasoning += choice.delta.reasoning_content ?? "";
      seen.finish = choice.finish_reason ?? seen.finish;
      for (const piece of choice.delta.tool_calls ?? []) {
        const call = (calls[piece.index] ??= { type: "function", id: "", function: { name: "", arguments: "" } });
        call.id += piece.id ?? "";
        call.function.name += piece.function.name ?? "";
        call.function.arguments += piece.function.arguments ?? "";
      }
      if (untilDelta && seen.text) return stream.controller.abort(), [];
    }
  }
  return calls;
}

async function chatHelper(c, request, seen, untilDelta) {
  const stream = c.chat.completions.stream({ ...request, stream_options: { include_usage: true } });
  if (untilDelta) {
    await stream.emitted("content");
    return stream.abort(), [];
  }
  const answer = await stream.finalChatCompletion();
  const choice = answer.choices[0];
  seen.text = choice.message.content ?? "";
  seen.finish = choice.finish_reason;
  takeUsage(answer.usage, seen);
  return choice.message.tool_calls ?? [];
}

async function chat(job, seen) {
  const c = client(job), request = chatRequest(job);
  const streamed = job.api === "chat-helper" ? chatHelper : chatStreamed;
  if (job.case === "cancel") return streamed(c, request, seen, true);
  const ask = job.stream ? streamed : chatWhole;
  const calls = await ask(c, request, seen);
  seen.calls = calls.map((call) => ({ name: call.function.name, arguments: call.function.arguments }));
  if (job.case === "tools" && calls.length) {
    seen.first_finish = seen.finish;
    seen.text = "";
    request.messages.push({ role: "assistant", tool_calls: calls });
    for (const call of calls)
      request.messages.push({ role: "tool", tool_call_id: call.id, content: weather(call.function.arguments) });
    await ask(c, request, seen);
  }
}

// ---- Responses

function responsesRequest(job) {
  const content = [{ type: "input_text", text: job.prompt }];
  if (job.case === "image")
    content.push({ type: "input_image", image_url: "data:image/png;base64," + PICTURE, detail: "auto" });
  const request = { model: job.model, instructions: "Be brief.", input: [{ role: "user", content }], store: false };
  if (job.case === "tools") request.tools = [{ type: "function", strict: false, ...TOOL }];
  if (job.case === "schema")
    request.text = { format: { type: "json_schema", name: "person", schema: PERSON, strict: true } };
  if (job.case === "reasoning") {
    request.reasoning = { effort: "low", summary: "auto" };
    request.include = ["reasoning.encrypted_content"];
  }
  return request;
}

function takeResponse(answer, seen) {
  if (answer.error) throw new Error(`${answer.status}: ${answer.error.code}: ${answer.error.message}`);
  seen.text = answer.output_text ?? seen.text;
  seen.finish = answer.incomplete_details?.reason ?? answer.status;
  if (answer.usage)
    seen.usage = { in: answer.usage.input_tokens, out: answer.usage.output_tokens,
                   cached: answer.usage.input_tokens_details?.cached_tokens };
  seen.reasoning = answer.output.filter((item) => item.type === "reasoning")
    .flatMap((item) => item.summary.map((one) => one.text)).join("");
  return answer.output;
}

// As a program does that reads the events itself, and trusts in the last one.
async function responsesStreamed(c, request, seen, untilDelta) {
  let last;
  const stream = await c.responses.create({ ...request, stream: true });
  for await (const event of stream) {
    if (event.type === "response.output_text.delta") {
      seen.text += event.delta;
      if (untilDelta) return stream.controller.abort(), [];
    } else if (/^response\.(completed|incomplete|failed)$/.test(event.type)) last = event.response;
    else if (event.type === "error") throw new Error(event.message);
  }
  return last ? takeResponse(last, seen) : [];
}

async function responsesHelper(c, request, seen, untilDelta) {
  const stream = c.responses.stream(request);
  if (untilDelta) {
    await stream.emitted("response.output_text.delta");
    return stream.abort(), [];
  }
  return takeResponse(await stream.finalResponse(), seen);
}

async function responsesWhole(c, request, seen) {
  return takeResponse(await c.responses.create(request), seen);
}

async function responses(job, seen) {
  const c = client(job), request = responsesRequest(job);
  const streamed = job.api === "responses-helper" ? responsesHelper : responsesStreamed;
  if (job.case === "cancel") return streamed(c, request, seen, true);
  const ask = job.stream ? streamed : responsesWhole;
  const output = await ask(c, request, seen);
  const calls = output.filter((item) => item.type === "function_call");
  seen.calls = calls.map((call) => ({ name: call.name, arguments: call.arguments }));
  if (job.case === "tools" && calls.length) {
    seen.first_finish = seen.finish;
    seen.text = "";
    request.input.push(...output);
    for (const call of calls)
      request.input.push({ type: "function_call_output", call_id: call.call_id, output: weather(call.arguments) });
    await ask(c, request, seen);
  }
}

// ---- the rest

await main(async (job, seen) => {
  if (job.api.startsWith("chat")) return chat(job, seen);
  if (job.api.startsWith("responses")) return responses(job, seen);
  if (job.api === "embeddings") {
    const answer = await client(job).embeddings.create({ model: job.model, input: ["a", "of three"] });
    seen.vectors = answer.data.map((one) => one.embedding);
    seen.usage = { in: answer.usage.prompt_tokens };
    return;
  }
  seen.models = [];
  for await (const one of client(job).models.list()) seen.models.push(one);
});
