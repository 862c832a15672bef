// Send one of the calls of test_clients.py with the maker's own client:
//
//   node clients.mjs MODULES PROVIDER URL CASE
//
// MODULES is the folder that npm filled. Prints the answer's text.
import { createRequire } from 'node:module';

const [modules, provider, url, name] = process.argv.slice(2);
const need = createRequire(`${modules}/`);
const key = 'the-key-of-the-tests';
const model = 'a-model';
const schema = { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] };
const tool = {
  name: 'get_weather',
  description: 'Tell the weather of a city',
  parameters: { type: 'object', properties: { city: { type: 'string' } } },
};
const image = Buffer.from('\x89PNG\r\n', 'latin1');

async function gemini() {
  const { GoogleGenAI } = need('@google/genai');
  const { models } = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: url } });
  const user = (...parts) => ({ role: 'user', parts });
  const hi = [user({ text: 'Hi' })];
  const weather = (functionCallingConfig) => ({
    contents: [
      user({ text: 'Weather?' }),
      { role: 'model', parts: [{ functionCall: { id: 'id-1', name: tool.name, args: { city: 'Oslo' } } }] },
      user({ functionResponse: { id: 'id-1', name: tool.name, response: { output: '21 degrees' } } }),
    ],
    config: {
      tools: [{
        functionDeclarations: [
          { name: tool.name, description: tool.description, parametersJsonSchema: tool.parameters },
        ],
      }],
      toolConfig: { functionCallingConfig },
    },
  });
  const calls = {
    conversation: {
      contents: [user({ text: 'Hi' }), { role: 'model', parts: [{ text: 'Hello.' }] }, user({ text: 'And now?' })],
      config: {
        systemInstruction: 'Be brief.',
        temperature: 0.2,
        topP: 0.9,
        topK: 40,
        maxOutputTokens: 64,
        stopSequences: ['END'],
        seed: 7,
        presencePenalty: 0.5,
        frequencyPenalty: -0.5,
      },
    },
    tools: weather({ mode: 'AUTO' }),
    'tool-by-name': weather({ mode: 'ANY', allowedFunctionNames: [tool.name] }),
    image: {
      contents: [user({ text: 'What is this?' }, { inlineData: { mimeType: 'image/png', data: image.toString('base64') } })],
    },
    schema: { contents: hi, config: { responseMimeType: 'application/json', responseJsonSchema: schema } },
    json: { contents: hi, config: { responseMimeType: 'application/json' } },
    thinking: { contents: hi, config: { thinkingConfig: { thinkingLevel: 'HIGH', includeThoughts: true } } },
  };
  if (name === 'tool-round') {
    const chat = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: url } }).chats.create({
      model,
      config: { tools: calls.tools.config.tools },
    });
    const { functionCalls } = await chat.sendMessage({ message: 'Weather?' });
    const message = functionCalls.map(({ id, name }) => (
      { functionResponse: { ...(id && { id }), name, response: { output: '21 degrees' } } }));
    return (await chat.sendMessage({ message })).text;
  }
  if (name === 'stream') {
    let text = '';
    for await (const chunk of await models.generateContentStream({ model, contents: hi })) text += chunk.text ?? '';
    return text;
  }
  return (await models.generateContent({ model, ...calls[name] })).text;
}

async function ollama() {
  const { Ollama } = need('ollama');
  const client = new Ollama({ host: url, headers: { Authorization: `Bearer ${key}` } });
  const hi = [{ role: 'user', content: 'Hi' }];
  const calls = {
    conversation: {
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: 'Hello.' },
        { role: 'user', content: 'And now?' },
      ],
      options: {
        temperature: 0.2,
        top_p: 0.9,
        top_k: 40,
        num_predict: 64,
        stop: ['END'],
        seed: 7,
        presence_penalty: 0.5,
        frequency_penalty: -0.5,
      },
    },
    tools: {
      messages: [
        { role: 'user', content: 'Weather?' },
        { role: 'assistant', content: '', tool_calls: [{ function: { name: tool.name, arguments: { city: 'Oslo' } } }] },
        { role: 'tool', content: '21 degrees', tool_name: tool.name },
      ],
      tools: [{ type: 'function', function: tool }],
    },
    image: { messages: [{ role: 'user', content: 'What is this?', images: [image] }] },
    schema: { messages: hi, format: schema },
    json: { messages: hi, format: 'json' },
    thinking: { messages: hi, think: 'high' },
  };
  if (name === 'tool-round') {
    const messages = [{ role: 'user', content: 'Weather?' }];
    const call = { model, messages, tools: calls.tools.tools };
    const { message } = await client.chat(call);
    messages.push(message);
    for (const _ of message.tool_calls) messages.push({ role: 'tool', content: '21 degrees', tool_name: tool.name });
    return (await client.chat(call)).message.content;
  }
  if (name === 'stream') {
    let text = '';
    for await (const part of await client.chat({ model, messages: hi, stream: true })) text += part.message.content;
    return text;
  }
  return (await client.chat({ model, ...calls[name] })).message.content;
}

console.log(await { gemini, ollama }[provider]());
