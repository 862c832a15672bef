// Read recorded streams with the makers' own clients, for test_decoders.py:
//
//   node decoders.mjs MODULES PROVIDER URL
//
// MODULES is the folder that npm filled. For each line of stdin a call goes to the URL; a line of JSON comes
// back, with text, tool calls and the reason of the end, or what failed.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const [modules, provider, url] = process.argv.slice(2);
const need = createRequire(`${modules}/`);
const options = { apiKey: 'any-key', baseURL: url, maxRetries: 0 };
const model = 'a-model';
const messages = [{ role: 'user', content: 'Hi' }];
const told = ({ name, arguments: text, input, args }) => (
  { name, arguments: text || JSON.stringify(input ?? args ?? {}) });

// Pieces of calls, by the index of each.
class Calls {
  list = [];
  add(index, name, text = '') {
    const call = (this.list[index] ??= { name: '', arguments: '' });
    if (name) call.name = name;
    call.arguments += text;
  }
  get all() {
    return this.list.filter(Boolean).map((call) => ({ ...call, arguments: call.arguments || '{}' }));
  }
}

async function completions(client) {
  const answer = { text: '', calls: undefined, reason: undefined };
  const calls = new Calls();
  for await (const { choices } of await client.chat.completions.create({ model, messages, stream: true })) {
    const choice = choices?.find(({ index }) => index === 0) ?? choices?.[0];
    const { content, refusal, tool_calls: pieces } = choice?.delta ?? {};
    answer.text += (content ?? '') + (refusal ?? '');
    for (const { index, function: call } of pieces ?? []) calls.add(index, call?.name, call?.arguments);
    answer.reason = choice?.finish_reason ?? answer.reason;
  }
  return { ...answer, calls: calls.all };
}

async function openai() {
  return completions(new (need('openai').default)(options));
}

async function azure() {
  const { AzureOpenAI } = need('openai');
  return completions(new AzureOpenAI({ apiKey: 'any-key', endpoint: url, apiVersion: '2024-10-21', maxRetries: 0 }));
}

async function responses() {
  const OpenAI = need('openai').default;
  const response = await new OpenAI(options).responses.stream({ model, input: 'Hi' }).finalResponse();
  const calls = response.output.filter(({ type }) => type === 'function_call').map(told);
  const refusals = response.output.flatMap(({ content }) => content ?? []).map(({ refusal }) => refusal ?? '');
  const reason = response.incomplete_details?.reason ?? response.status;
  return { text: response.output_text + refusals.join(''), calls, reason };
}

async function anthropic() {
  const Anthropic = need('@anthropic-ai/sdk').default;
  const message = await new Anthropic(options).messages.stream({ model, max_tokens: 9, messages }).finalMessage();
  const text = message.content.map((block) => (block.type === 'text' ? block.text : '')).join('');
  const calls = message.content.filter(({ type }) => type === 'tool_use').map(told);
  return { text, calls, reason: message.stop_reason };
}

async function gemini() {
  const { GoogleGenAI } = need('@google/genai');
  const { models } = new GoogleGenAI({ apiKey: 'any-key', httpOptions: { baseUrl: url } });
  const answer = { text: '', calls: [], reason: undefined };
  for await (const chunk of await models.generateContentStream({ model, contents: 'Hi' })) {
    const candidate = chunk.candidates?.[0];
    for (const part of candidate?.content?.parts ?? []) {
      if (part.text && !part.thought) answer.text += part.text;
      if (part.functionCall) answer.calls.push(told(part.functionCall));
    }
    answer.reason = candidate?.finishReason ?? answer.reason;
  }
  return answer;
}

async function ollama() {
  const { Ollama } = need('ollama');
  const answer = { text: '', calls: [], reason: undefined };
  for await (const part of await new Ollama({ host: url }).chat({ model, messages, stream: true })) {
    answer.text += part.message?.content ?? '';
    for (const { function: { name, arguments: args } } of part.message?.tool_calls ?? [])
      answer.calls.push(told({ name, args }));
    if (part.done) answer.reason = part.done_reason;
  }
  return answer;
}

async function cohere() {
  const { CohereClientV2 } = need('cohere-ai');
  const client = new CohereClientV2({ token: 'any-key', environment: url });
  const calls = new Calls();
  let text = '';
  let reason;
  for await (const event of await client.chatStream({ model, messages }, { maxRetries: 0 })) {
    const message = event.delta?.message;
    if (event.type === 'content-delta') text += message?.content?.text ?? '';
    const call = message?.toolCalls?.function;
    if (call) calls.add(event.index, call.name, call.arguments);
    if (event.type === 'message-end') reason = event.delta?.finishReason;
  }
  return { text, calls: calls.all, reason };
}

async function mistral() {
  const { Mistral } = await import(join(modules, 'node_modules/@mistralai/mistralai/esm/index.js'));
  const calls = new Calls();
  let text = '';
  let reason;
  const { chat } = new Mistral({ apiKey: 'any-key', serverURL: url });
  for await (const { data } of await chat.stream({ model, messages })) {
    const [choice] = data.choices;
    const content = choice?.delta.content ?? '';
    text += typeof content === 'string' ? content : content.map((part) => part.text ?? '').join('');
    for (const call of choice?.delta.toolCalls ?? [])
      calls.add(call.index, call.function.name, call.function.arguments);
    reason = choice?.finishReason ?? reason;
  }
  return { text, calls: calls.all, reason };
}

async function bedrock() {
  const { BedrockRuntimeClient, ConverseStreamCommand } = need('@aws-sdk/client-bedrock-runtime');
  const { NodeHttpHandler } = need('@smithy/node-http-handler');
  const client = new BedrockRuntimeClient({
    region: 'us-east-1',
    endpoint: url,
    token: { token: 'any-key' },
    authSchemePreference: ['httpBearerAuth'],
    maxAttempts: 1,
    requestHandler: new NodeHttpHandler(),
  });
  const calls = new Calls();
  let text = '';
  let reason;
  const said = [{ role: 'user', content: [{ text: 'Hi' }] }];
  const command = new ConverseStreamCommand({ modelId: model, messages: said });
  for await (const { contentBlockStart, contentBlockDelta, messageStop } of (await client.send(command)).stream) {
    const call = contentBlockStart?.start?.toolUse ?? contentBlockDelta?.delta?.toolUse;
    text += contentBlockDelta?.delta?.text ?? '';
    if (call) calls.add((contentBlockStart ?? contentBlockDelta).contentBlockIndex, call.name, call.input);
    reason = messageStop?.stopReason ?? reason;
  }
  return { text, calls: calls.all, reason };
}

const read = {
  anthropic, azure, bedrock, cohere, gemini, mistral, ollama, openai, 'openai-responses': responses,
}[provider];
for await (const _ of createInterface({ input: process.stdin })) {
  try {
    console.log(JSON.stringify(await read()));
  } catch (error) {
    console.log(JSON.stringify({ failure: String(error.message ?? error) }));
  }
}
process.exit(); // connections that are kept may still be open
