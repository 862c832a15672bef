// Vercel's `ai` with its providers. APIs: chat, responses, messages, embeddings.
import { PERSON, PICTURE, WEATHER, load, main, weather } from "./jobs.mjs";

globalThis.AI_SDK_LOG_WARNINGS = false; // else they are among the results
const ai = await load("ai");
const { createOpenAI } = await load("@ai-sdk/openai");
const { createAnthropic } = await load("@ai-sdk/anthropic");

function modelOf(job) {
  const options = { baseURL: job.base + "/v1", apiKey: job.key ?? "any" };
  if (job.api === "messages") return createAnthropic(options)(job.model);
  return job.api === "chat" ? createOpenAI(options).chat(job.model) : createOpenAI(options).responses(job.model);
}

function settingsOf(job) {
  const content = [{ type: "text", text: job.prompt }];
  if (job.case === "image") content.push({ type: "image", image: PICTURE, mediaType: "image/png" });
  const settings = {
    model: modelOf(job), system: "Be brief.", messages: [{ role: "user", content }], maxRetries: job.retries ?? 0,
    abortSignal: AbortSignal.timeout(1000 * (job.timeout ?? 30)),
  };
  if (job.case === "tools") {
    settings.tools = { get_weather: { description: "The weather of a city", inputSchema: ai.jsonSchema(WEATHER),
                                      execute: async (input) => weather(input) } };
    settings.stopWhen = ai.stepCountIs(3);
  }
  if (job.case === "schema") settings.output = ai.Output.object({ schema: ai.jsonSchema(PERSON) });
  if (job.case === "reasoning")
    settings.providerOptions = {
      anthropic: { thinking: { type: "enabled", budgetTokens: 1024 } },
      openai: { reasoningEffort: "low", reasoningSummary: "auto", forceReasoning: true, store: false },
    };
  else settings.providerOptions = { openai: { store: false } };
  return settings;
}

async function streamed(settings, seen, untilDelta) {
  const stop = new AbortController();
  const result = ai.streamText({ ...settings, abortSignal: AbortSignal.any([settings.abortSignal, stop.signal]),
                                 onError() {} });
  seen.reasoning = "";
  for await (const part of result.fullStream) {
    if (part.type === "text-delta") {
      seen.text += part.text;
      if (untilDelta) return stop.abort();
    } else if (part.type === "reasoning-delta") seen.reasoning += part.text;
    else if (part.type === "error") throw part.error;
    else if (part.type === "abort") throw new Error("aborted");
    else if (part.type === "tool-call") (seen.calls ??= []).push({ name: part.toolName, arguments: part.input });
    else if (part.type === "finish-step") {
      seen.first_finish ??= part.finishReason;
      seen.finish = part.finishReason;
      seen.usage = { in: part.usage.inputTokens, out: part.usage.outputTokens, cached: part.usage.cachedInputTokens };
    }
  }
}

async function whole(settings, seen) {
  const result = await ai.generateText(settings);
  seen.text = result.text;
  seen.reasoning = result.reasoningText;
  seen.finish = result.finishReason;
  seen.usage = { in: result.usage.inputTokens, out: result.usage.outputTokens, cached: result.usage.cachedInputTokens };
  seen.first_finish = result.steps[0].finishReason;
  seen.calls = result.steps.flatMap((step) => step.toolCalls).map((call) => ({ name: call.toolName, arguments: call.input }));
}

await main(async (job, seen) => {
  if (job.api === "embeddings") {
    const model = createOpenAI({ baseURL: job.base + "/v1", apiKey: "any" }).embedding(job.model);
    seen.vectors = (await ai.embedMany({ model, values: ["a", "of three"], maxRetries: 0 })).embeddings;
    return;
  }
  const settings = settingsOf(job);
  if (job.case === "cancel") return streamed(settings, seen, true);
  await (job.stream ? streamed : whole)(settings, seen);
});
